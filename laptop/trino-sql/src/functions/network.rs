//! Networks of the Internet Protocol.

use std::net::IpAddr;

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
