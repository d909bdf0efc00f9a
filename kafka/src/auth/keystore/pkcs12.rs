//! Reader of PKCS12 ([RFC 7292](https://www.rfc-editor.org/rfc/rfc7292)) by OpenSSL, which librdkafka has linked.
//!
//! `PKCS12_parse`, OpenSSL's usual function, knows neither several keys nor the attribute with which Java marks trusted
//! certificates. So the bags are walked here, as `openssl pkcs12 -info` does.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_long, c_void};
use std::ptr;
use std::sync::Once;

use openssl_sys::{
    ASN1_OBJECT_free, ERR_clear_error, ERR_peek_last_error, ERR_reason_error_string, OBJ_obj2nid,
    OBJ_txt2obj, OPENSSL_STACK, OPENSSL_sk_num, OPENSSL_sk_pop_free, OPENSSL_sk_value,
    OSSL_PROVIDER_try_load, PKCS7, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free, PKCS12, PKCS12_free, X509,
    X509_free, d2i_PKCS12, i2d_X509,
};
use zeroize::Zeroizing;

/// Attribute of certificates that Java trusts, `jdk.internal.util.KnownOIDs.ORACLE_TrustedKeyUsage`.
const TRUSTED: &CStr = c"2.16.840.1.113894.746875.1.1";
/// Depth of bags in bags. Real stores have none.
const MAX_DEPTH: usize = 8;

/// Numbers of `openssl/obj_mac.h`.
const NID_DATA: c_int = 21;
const NID_ENCRYPTED_DATA: c_int = 26;
const NID_KEY_BAG: c_int = 150;
const NID_SHROUDED_KEY_BAG: c_int = 151;
const NID_CERTIFICATE_BAG: c_int = 152;
const NID_SAFE_CONTENTS_BAG: c_int = 155;
const NID_LOCAL_KEY_ID: c_int = 157;
const NID_X509_CERTIFICATE: c_int = 158;

/// Bag of OpenSSL.
enum SafeBag {}
/// Value of an attribute.
enum AttributeValue {}

unsafe extern "C" {
    fn PKCS12_mac_present(p12: *const PKCS12) -> c_int;
    fn PKCS12_verify_mac(p12: *mut PKCS12, password: *const c_char, length: c_int) -> c_int;
    fn PKCS12_unpack_authsafes(p12: *const PKCS12) -> *mut OPENSSL_STACK;
    fn PKCS12_unpack_p7data(p7: *mut PKCS7) -> *mut OPENSSL_STACK;
    fn PKCS12_unpack_p7encdata(p7: *mut PKCS7, password: *const c_char, length: c_int) -> *mut OPENSSL_STACK;
    fn PKCS12_SAFEBAG_get_nid(bag: *const SafeBag) -> c_int;
    fn PKCS12_SAFEBAG_get_bag_nid(bag: *const SafeBag) -> c_int;
    fn PKCS12_SAFEBAG_get0_p8inf(bag: *const SafeBag) -> *const PKCS8_PRIV_KEY_INFO;
    fn PKCS12_SAFEBAG_get0_safes(bag: *const SafeBag) -> *const OPENSSL_STACK;
    fn PKCS12_SAFEBAG_get0_attr(bag: *const SafeBag, nid: c_int) -> *const AttributeValue;
    fn PKCS12_SAFEBAG_get0_attrs(bag: *const SafeBag) -> *const OPENSSL_STACK;
    fn PKCS12_SAFEBAG_get1_cert(bag: *const SafeBag) -> *mut X509;
    fn PKCS12_SAFEBAG_free(bag: *mut SafeBag);
    fn PKCS12_decrypt_skey(
        bag: *const SafeBag,
        password: *const c_char,
        length: c_int,
    ) -> *mut PKCS8_PRIV_KEY_INFO;
    fn PKCS7_free(p7: *mut PKCS7);
    fn X509at_get_attr_by_OBJ(
        attributes: *const OPENSSL_STACK,
        object: *const openssl_sys::ASN1_OBJECT,
        after: c_int,
    ) -> c_int;
    fn i2d_PKCS8_PRIV_KEY_INFO(key: *const PKCS8_PRIV_KEY_INFO, out: *mut *mut u8) -> c_int;
    fn i2d_ASN1_TYPE(value: *const AttributeValue, out: *mut *mut u8) -> c_int;
}

/// Content of a store.
#[derive(Default)]
pub(super) struct Pkcs12Content {
    pub(super) keys: Vec<KeyBag>,
    pub(super) certificates: Vec<CertificateBag>,
}

/// Private key.
pub(super) struct KeyBag {
    /// In the DER of PKCS8.
    pub(super) der: Zeroizing<Vec<u8>>,
    /// Id that its certificate has, too.
    local_id: Option<Vec<u8>>,
}

/// Certificate.
pub(super) struct CertificateBag {
    pub(super) der: Vec<u8>,
    local_id: Option<Vec<u8>>,
    /// Whether Java trusts it.
    pub(super) trusted: bool,
}

/// Reason why a store cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pkcs12Error {
    /// The password is another one, or the content was changed.
    Password,
    /// OpenSSL's reason.
    Invalid(String),
}

impl Pkcs12Content {
    pub(super) fn open(content: &[u8], password: &str) -> Result<Self, Pkcs12Error> {
        load_legacy_ciphers();
        let opened = Store::parse(content).and_then(|store| store.content(password));
        // Errors are per thread, and librdkafka would take one that stays for its own.
        // SAFETY: has no requirements.
        unsafe { ERR_clear_error() };
        opened
    }

    /// Certificate of a key, and the certificates of its issuers as far as the store has them.
    pub(super) fn chain(&self, key: &KeyBag) -> Vec<&[u8]> {
        let is_of_key =
            |certificate: &&CertificateBag| key.local_id.is_some() && certificate.local_id == key.local_id;
        let own = self.certificates.iter().find(is_of_key);
        // A store with one key needs no ids: its first certificate is the client's.
        let mut next = own
            .or(self.certificates.first())
            .map(|certificate| certificate.der.as_slice());
        let mut chain: Vec<&[u8]> = Vec::new();
        while let Some(der) = next.filter(|der| !chain.contains(der)) {
            chain.push(der);
            let issuer = names(der).map(|(_, issuer)| issuer);
            let mut others = self
                .certificates
                .iter()
                .map(|certificate| certificate.der.as_slice());
            next =
                issuer.and_then(|issuer| others.find(|der| names(der).is_some_and(|(own, _)| own == issuer)));
        }
        chain
    }
}

/// Names of subject and issuer of a certificate, in DER.
fn names(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let (subject, issuer) = (certificate.subject().as_raw(), certificate.issuer().as_raw());
    Some((subject.to_vec(), issuer.to_vec()))
}

/// RC2 with 40 bits and the like, in which older versions of Java and OpenSSL encrypt certificates.
fn load_legacy_ciphers() {
    static LOADED: Once = Once::new();
    LOADED.call_once(|| {
        // SAFETY: the name is a C string, and null is the default context. The provider stays loaded; if it is missing,
        // such stores are an error. The last argument keeps the usual ciphers.
        unsafe { OSSL_PROVIDER_try_load(ptr::null_mut(), c"legacy".as_ptr(), 1) };
    });
}

/// Parsed store.
struct Store(*mut PKCS12);

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: owned, and not used after.
        unsafe { PKCS12_free(self.0) };
    }
}

impl Store {
    fn parse(content: &[u8]) -> Result<Self, Pkcs12Error> {
        let length =
            c_long::try_from(content.len()).map_err(|_| Pkcs12Error::Invalid("is too long".into()))?;
        let mut start = content.as_ptr();
        // SAFETY: `length` bytes can be read from `start`.
        let store = unsafe { d2i_PKCS12(ptr::null_mut(), &raw mut start, length) };
        match store.is_null() {
            true => Err(reason()),
            false => Ok(Self(store)),
        }
    }

    fn content(&self, password: &str) -> Result<Pkcs12Content, Pkcs12Error> {
        let password = Password::new(password)?;
        // SAFETY: the store lives as long as `self`, and the password as long as the call.
        let is_signed = unsafe { PKCS12_mac_present(self.0) } == 1;
        // SAFETY: as above.
        let fits = || unsafe { PKCS12_verify_mac(self.0, password.start(), password.length) } == 1;
        if is_signed && !fits() {
            return Err(Pkcs12Error::Password);
        }
        // SAFETY: as above. The parts are owned.
        let parts = Stack::<PKCS7>::new(unsafe { PKCS12_unpack_authsafes(self.0) }, PKCS7_free)?;
        let mut content = Pkcs12Content::default();
        for part in parts.items() {
            // SAFETY: a part has a type; both functions return bags that are owned.
            let bags = unsafe {
                match OBJ_obj2nid((*part).type_) {
                    NID_DATA => PKCS12_unpack_p7data(part),
                    NID_ENCRYPTED_DATA => PKCS12_unpack_p7encdata(part, password.start(), password.length),
                    // Encrypted for a recipient: not with a password.
                    _ => continue,
                }
            };
            // Without a signature a wrong password is noticed here.
            let bags = Stack::<SafeBag>::new(bags, PKCS12_SAFEBAG_free);
            let bags = bags.map_err(|error| if is_signed { error } else { Pkcs12Error::Password })?;
            for bag in bags.items() {
                content.add(bag, &password, is_signed, 0)?;
            }
        }
        Ok(content)
    }
}

impl Pkcs12Content {
    fn add(
        &mut self,
        bag: *const SafeBag,
        password: &Password<'_>,
        is_signed: bool,
        depth: usize,
    ) -> Result<(), Pkcs12Error> {
        // SAFETY: the bag lives as long as its stack, which the caller holds. What `get0` returns belongs to the bag; the
        // results of `decrypt_skey` and `get1_cert` are owned and freed here.
        unsafe {
            match PKCS12_SAFEBAG_get_nid(bag) {
                NID_KEY_BAG => {
                    let der = der(|out| i2d_PKCS8_PRIV_KEY_INFO(PKCS12_SAFEBAG_get0_p8inf(bag), out))?;
                    self.add_key(bag, der);
                }
                NID_SHROUDED_KEY_BAG => {
                    let key = PKCS12_decrypt_skey(bag, password.start(), password.length);
                    if key.is_null() {
                        return Err(if is_signed {
                            reason()
                        } else {
                            Pkcs12Error::Password
                        });
                    }
                    let der = der(|out| i2d_PKCS8_PRIV_KEY_INFO(key, out));
                    PKCS8_PRIV_KEY_INFO_free(key);
                    self.add_key(bag, der?);
                }
                NID_CERTIFICATE_BAG if PKCS12_SAFEBAG_get_bag_nid(bag) == NID_X509_CERTIFICATE => {
                    let certificate = PKCS12_SAFEBAG_get1_cert(bag);
                    if certificate.is_null() {
                        return Err(reason());
                    }
                    let der = der(|out| i2d_X509(certificate, out));
                    X509_free(certificate);
                    self.certificates.push(CertificateBag {
                        der: der?.to_vec(),
                        local_id: local_id(bag),
                        trusted: is_trusted(bag),
                    });
                }
                NID_SAFE_CONTENTS_BAG if depth < MAX_DEPTH => {
                    let inner = PKCS12_SAFEBAG_get0_safes(bag);
                    for index in 0..OPENSSL_sk_num(inner) {
                        let bag = OPENSSL_sk_value(inner, index).cast::<SafeBag>();
                        self.add(bag, password, is_signed, depth + 1)?;
                    }
                }
                // Revocation lists, secrets and kinds of others.
                _ => {}
            }
        }
        Ok(())
    }

    /// # Safety
    /// The bag is valid.
    unsafe fn add_key(&mut self, bag: *const SafeBag, der: Zeroizing<Vec<u8>>) {
        // SAFETY: by the caller.
        let local_id = unsafe { local_id(bag) };
        self.keys.push(KeyBag { der, local_id });
    }
}

/// Value of the attribute that a key and its certificate share, in DER.
///
/// # Safety
/// The bag is valid.
unsafe fn local_id(bag: *const SafeBag) -> Option<Vec<u8>> {
    // SAFETY: the value belongs to the bag.
    unsafe {
        let value = PKCS12_SAFEBAG_get0_attr(bag, NID_LOCAL_KEY_ID);
        if value.is_null() {
            return None;
        }
        der(|out| i2d_ASN1_TYPE(value, out)).ok().map(|der| der.to_vec())
    }
}

/// # Safety
/// The bag is valid.
unsafe fn is_trusted(bag: *const SafeBag) -> bool {
    // SAFETY: the attributes belong to the bag, and may be null; the object is owned and freed.
    unsafe {
        let object = OBJ_txt2obj(TRUSTED.as_ptr(), 1);
        let position = X509at_get_attr_by_OBJ(PKCS12_SAFEBAG_get0_attrs(bag), object, -1);
        ASN1_OBJECT_free(object);
        position >= 0
    }
}

/// Bytes of a function that writes DER: called without a buffer it returns the length.
fn der(mut write: impl FnMut(*mut *mut u8) -> c_int) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
    let length = usize::try_from(write(ptr::null_mut())).map_err(|_| reason())?;
    let mut der = Zeroizing::new(vec![0; length]);
    let mut start = der.as_mut_ptr();
    let written = write(&raw mut start);
    match usize::try_from(written) == Ok(length) {
        true => Ok(der),
        false => Err(reason()),
    }
}

/// Items that are owned together with their list.
struct Stack<T> {
    stack: *mut OPENSSL_STACK,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Stack<T> {
    /// Takes a list over; null is the error of the call that returned it.
    fn new(stack: *mut OPENSSL_STACK, free: unsafe extern "C" fn(*mut T)) -> Result<Self, Pkcs12Error> {
        match stack.is_null() {
            true => Err(reason()),
            false => Ok(Self { stack, free }),
        }
    }

    fn items(&self) -> impl Iterator<Item = *mut T> {
        // SAFETY: the list is not null.
        let count = unsafe { OPENSSL_sk_num(self.stack) };
        // SAFETY: the index is below the list's length.
        let item = |index| unsafe { OPENSSL_sk_value(self.stack, index) };
        (0..count).map(move |index| item(index).cast())
    }
}

impl<T> Drop for Stack<T> {
    fn drop(&mut self) {
        type Free = unsafe extern "C" fn(*mut c_void);
        // SAFETY: the items are of the type that `free` takes, and pointers to different types are passed alike.
        unsafe {
            let free = std::mem::transmute::<unsafe extern "C" fn(*mut T), Free>(self.free);
            OPENSSL_sk_pop_free(self.stack, Some(free));
        }
    }
}

/// Password with its length: it need not end with a zero.
struct Password<'a> {
    text: &'a str,
    length: c_int,
}

impl<'a> Password<'a> {
    fn new(text: &'a str) -> Result<Self, Pkcs12Error> {
        let length = c_int::try_from(text.len()).map_err(|_| Pkcs12Error::Password)?;
        Ok(Self { text, length })
    }

    fn start(&self) -> *const c_char {
        self.text.as_ptr().cast()
    }
}

/// OpenSSL's reason for the last failure.
fn reason() -> Pkcs12Error {
    // SAFETY: the text of a reason is static; null if OpenSSL does not know one.
    let text = unsafe {
        let text = ERR_reason_error_string(ERR_peek_last_error());
        match text.is_null() {
            true => "the content is invalid".to_owned(),
            false => CStr::from_ptr(text).to_string_lossy().into_owned(),
        }
    };
    Pkcs12Error::Invalid(text)
}
