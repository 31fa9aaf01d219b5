//! What is merged of any bytes is as long as it says, and reads as one document with the frames that went in.

use fragkit::mkv::{Event, Limits, Parser};
use fragkit::{Gaps, Index, Item, Merge, Selector, Source};

/// See the head of the file.
pub fn check(data: &[u8]) {
    let Some((&choice, data)) = data.split_last() else { return };
    let source = Source::from(bytes::Bytes::copy_from_slice(data));
    let mut index = Index::new(choice & 1 != 0);
    for item in source.items() {
        if let Item::Fragment(fragment) = item {
            index.add(&fragment);
        }
    }
    let selector = Selector { include_cut: choice & 2 != 0, ..Selector::default() };
    let gaps = if choice & 4 == 0 { Gaps::Compact } else { Gaps::Keep };
    let Ok(merge) = Merge::new(&index, &selector, gaps) else { return };
    let mut file = Vec::new();
    fragkit::write_runs(&source, &mut file, |writer| merge.runs(|run| writer.write(&run))).expect("memory takes all");
    assert_eq!(u64::try_from(file.len()), Ok(merge.size()));
    if crate::holds_another_document(&file) {
        return;
    }
    let mut parser = Parser::new(Limits::default());
    parser.push(file.into());
    parser.finish();
    let (mut documents, mut frames) = (0, 0);
    while let Some(event) = parser.poll().expect("what is written is sound") {
        match event {
            Event::Document { .. } => documents += 1,
            Event::Block(block) => frames += u64::try_from(block.frames.as_slice().len()).expect("a length fits"),
            _ => {}
        }
    }
    assert_eq!((documents, frames), (1, merge.summary().frames));
}
