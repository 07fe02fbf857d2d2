//! How much goes out at once.

/// Bytes of a page or a delivery, about. gRPC clients take 4 MiB unless told otherwise, and a text
/// may have 32 KiB: a number of entries alone would not keep a page within that.
pub const PAGE_BYTES_MAX: usize = 1024 * 1024;

/// How many of the first fit into a page. One at least, so that whoever reads gets on.
pub fn fitting(sizes: impl IntoIterator<Item = usize>) -> usize {
    let mut bytes = 0_usize;
    let fits = |size: &usize| {
        bytes = bytes.saturating_add(*size);
        bytes <= PAGE_BYTES_MAX
    };
    sizes.into_iter().take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_what_fits_and_one_entry_at_least() {
        let half = PAGE_BYTES_MAX / 2;
        assert_eq!(fitting([half, half, 1]), 2);
        assert_eq!(fitting([half, half + 1, 1]), 1);
        assert_eq!(fitting([PAGE_BYTES_MAX + 1, 1]), 1);
        assert_eq!(fitting([10; 200]), 200);
    }
}
