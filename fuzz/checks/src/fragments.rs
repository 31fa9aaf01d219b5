//! Fragments of any bytes lie within the input, their frames are what stands there, and the times can be shown.

use bytes::Bytes;
use fragkit::{Assembler, Index, Item, Limits, Selector};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let len = data.len() as u64;
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(Bytes::copy_from_slice(data));
    assembler.finish();
    let mut heads = Vec::new();
    let mut index = Index::new(false);
    while let Some(item) = assembler.poll() {
        let fragment = match item {
            Item::Fragment(fragment) => fragment,
            Item::Finding(finding) => {
                assert!(!finding.to_string().is_empty());
                continue;
            }
        };
        assert!(fragment.head.offset + fragment.head.size <= len);
        for frame in &fragment.frames {
            let stored = &frame.payload[frame.stripped..];
            let start = frame.offset as usize;
            assert_eq!(&data[start..start + stored.len()], stored);
        }
        index.add(&fragment);
        if let Some(number) = &fragment.head.number {
            assert_eq!(number.to_string().parse().as_ref(), Ok(number));
            if let Some(decoded) = number.decode() {
                assert_eq!(&decoded.encode(), number);
            }
        }
        heads.push(fragment.head);
    }
    let selector = Selector { include_cut: true, ..Selector::default() };
    let selected = selector.select(&heads);
    assert!(selected.windows(2).all(|pair| selector.time(&heads[pair[0]]) <= selector.time(&heads[pair[1]])));
    for fragment in 0..index.fragments().len() {
        let sizes: u64 = index.samples(fragment).iter().map(|sample| u64::from(sample.size)).sum();
        let mut written = 0;
        index
            .runs(fragment, |_, run| {
                written += run.len();
                Ok::<_, ()>(())
            })
            .unwrap();
        assert_eq!(written, sizes);
    }
}
