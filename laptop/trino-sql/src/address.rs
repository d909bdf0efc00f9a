//! Addresses of the Internet Protocol: 16 bytes, IPv4 as IPv6 has it.

use std::net::{IpAddr, Ipv6Addr};

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
