//! Addresses of the Internet Protocol: 16 bytes, IPv4 as IPv6 has it.

use std::net::{IpAddr, Ipv6Addr};

use crate::error::{Result, err};
use crate::registry::{Scalar, each2, function};

pub(crate) fn scalars() -> Vec<Scalar> {
    vec![function(
        "contains",
        &["(varchar, ipaddress) boolean"],
        each2::<str, [u8], bool>(|network, address| {
            let (first, kept) = parse_network(network)?;
            let address: [u8; 16] = address.try_into().unwrap_or_default();
            let mask = u128::MAX.checked_shl(128 - kept).unwrap_or(0);
            Ok(first & mask == u128::from_be_bytes(address) & mask)
        }),
    )]
}

/// Address and count of the bits that count: `10.0.0.0/8`.
fn parse_network(text: &str) -> Result<(u128, u32)> {
    let invalid = || {
        err!(
            InvalidFunctionArgument,
            "Invalid network IP address range: {text}"
        )
    };
    let (address, length) = text.split_once('/').ok_or_else(invalid)?;
    let address: IpAddr = address.parse().map_err(|_| invalid())?;
    let length: u32 = length.parse().map_err(|_| invalid())?;
    match address {
        IpAddr::V4(v4) if length <= 32 => Ok((v4.to_ipv6_mapped().to_bits(), length + 96)),
        IpAddr::V6(v6) if length <= 128 => Ok((v6.to_bits(), length)),
        _ => Err(invalid()),
    }
}

pub(crate) fn parse_address(text: &str) -> Option<Vec<u8>> {
    let address: IpAddr = text.parse().ok()?;
    let bytes = match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    };
    Some(bytes.octets().to_vec())
}

pub(crate) fn address_text(bytes: &[u8]) -> String {
    let Ok(octets) = <[u8; 16]>::try_from(bytes) else {
        return String::new();
    };
    let address = Ipv6Addr::from(octets);
    address
        .to_ipv4_mapped()
        .map_or_else(|| address.to_string(), |v4| v4.to_string())
}
