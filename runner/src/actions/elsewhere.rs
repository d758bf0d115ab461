//! Whether git may go to a server that is not the one of the job's repository.
//!
//! The URL is the workflow's or a repository's to say, and git runs on the runner's machine, which
//! reaches more than a job does. Invariant: it goes to public addresses over HTTPS, or to what the
//! operator has named, and never with the credentials of the job's repository.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Settings that git needs on the way.
pub(super) type Settings = Vec<(String, String)>;

/// Decides about `url`; `hosts` are those that the operator has named. The error says why not.
pub(super) async fn permit(url: &str, hosts: &[String]) -> Result<Settings, String> {
    let place =
        Place::of(url).ok_or("it has to be https://HOST/PATH without a user or password")?;
    let follow_nobody = ("http.followRedirects".to_owned(), "false".to_owned());
    let address = format!("{}:{}", place.host, place.port);
    let is_named = |host: &String| {
        host.eq_ignore_ascii_case(place.host) || host.eq_ignore_ascii_case(&address)
    };
    if hosts.iter().any(is_named) {
        return Ok(vec![follow_nobody]);
    }
    if place.scheme != "https" {
        return Err(
            "only https is allowed there, unless the runner's --checkout-host names it".to_owned()
        );
    }
    let found = tokio::net::lookup_host((place.host, place.port))
        .await
        .map_err(|error| format!("the address of {} is not found: {error}", place.host))?;
    let addresses: Vec<IpAddr> = found.map(|address: SocketAddr| address.ip()).collect();
    if addresses.is_empty() || !addresses.iter().all(|&address| is_public(address)) {
        return Err(format!(
            "{} is not at a public address, and the runner's --checkout-host does not name it",
            place.host
        ));
    }
    // A name may mean something else when git asks again.
    let pinned: Vec<String> = addresses.iter().map(written).collect();
    let pinned = format!("{address}:{}", pinned.join(","));
    Ok(vec![("http.curloptResolve".to_owned(), pinned), follow_nobody])
}

fn written(address: &IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    scheme: &'a str,
    host: &'a str,
    port: u16,
}

impl<'a> Place<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let default = match scheme {
            "https" => 443,
            "http" => 80,
            "git" => 9418,
            _ => return None,
        };
        let (authority, _) = rest.split_once('/')?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, default),
        };
        let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        (!host.is_empty() && !host.starts_with('-') && host.chars().all(is_legal)).then_some(Self {
            scheme,
            host,
            port,
        })
    }
}

/// Whether anybody in the world means the same machine by it.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // Behind the NAT of a provider.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        // Networks for measurements.
        || (a == 198 && (b == 18 || b == 19))
        // Multicast, reserved and broadcast.
        || a >= 224;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Those given out to the world, without the two ways to write an address of the old kind in them.
    let is_global = segments[0] & 0xe000 == 0x2000;
    is_global && segments[0] != 0x2002 && !(segments[0] == 0x2001 && segments[1] < 0x0200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_and_its_network_are_not_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:0:1::",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["140.82.121.4", "2606:50c0:8000::153", "100.128.0.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_url_is_a_scheme_a_host_and_a_path() {
        let place = Place::of("https://git.example:8443/o/r").unwrap();
        assert_eq!(place, Place { scheme: "https", host: "git.example", port: 8443 });
        for url in [
            "/etc",
            "file:///etc",
            "ssh://h/x",
            "https://u@h/x",
            "https://h",
            "https://h:x/y",
            "https://-o/x",
            "ext::sh",
        ] {
            assert_eq!(Place::of(url), None, "{url}");
        }
    }

    #[tokio::test]
    async fn only_what_the_operator_names_is_reached_in_the_own_network() {
        let named = ["127.0.0.1:8080".to_owned(), "git.internal".to_owned()];
        assert!(permit("http://127.0.0.1:8080/o/r", &named).await.is_ok());
        assert!(permit("https://GIT.internal/o/r", &named).await.is_ok());
        for url in [
            "http://127.0.0.1:8081/o/r",
            "https://127.0.0.1/o/r",
            "https://localhost/x",
            "file:///etc",
        ] {
            assert!(permit(url, &named).await.is_err(), "{url}");
        }
        let pinned = permit("https://140.82.121.4/o/r", &named).await.unwrap();
        assert_eq!(pinned[0].1, "140.82.121.4:443:140.82.121.4");
    }
}
