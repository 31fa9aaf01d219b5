use super::*;

const RED: Rgb<u8> = Rgb([200, 10, 10]);

fn red(width: u32, height: u32) -> RgbImage {
    RgbImage::from_pixel(width, height, RED)
}

fn area_of(sheet: &RgbImage, area: Area) -> Vec<Rgb<u8>> {
    let rows = area.y..area.y + area.height;
    rows.flat_map(|y| (area.x..area.x + area.width).map(move |x| *sheet.get_pixel(x, y))).collect()
}

fn label_of(layout: &Layout, index: u32) -> Area {
    let tile = layout.tile(index);
    Area { y: tile.y + tile.height, height: layout.label_height(), ..tile }
}

const TIME: &str = "2017-11-28 06:55:09.126 UTC";

#[test]
fn tiles_stand_in_a_grid_with_margins_and_nothing_between_them() {
    let layout = Layout::new(64, 36, 5);
    let mut sheet = Sheet::new(layout, 5).unwrap();
    (0..9).for_each(|_| sheet.add(Ok(&red(64, 36)), ""));
    let sheet = sheet.finish();
    assert_eq!(layout.size(5), Some(sheet.dimensions()));
    let tiles: Vec<Area> = (0..5).map(|index| layout.tile(index)).collect();
    let within = |tile: &Area, x: u32, y: u32| {
        (tile.x..tile.x + tile.width).contains(&x) && (tile.y..tile.y + tile.height).contains(&y)
    };
    for (x, y, pixel) in sheet.enumerate_pixels() {
        let tile = tiles.iter().any(|tile| within(tile, x, y));
        assert_eq!(*pixel, if tile { RED } else { GROUND }, "{x}, {y}");
    }
    let right = tiles.iter().map(|tile| tile.x + tile.width).max().unwrap();
    assert_eq!((tiles[0].x, right), (layout.margin, sheet.width() - layout.margin));
    let bottom = label_of(&layout, 4);
    assert_eq!(bottom.y + bottom.height, sheet.height() - layout.margin);
}

#[test]
fn each_tile_has_its_label_below_it() {
    let layout = Layout::new(320, 180, 2);
    let mut sheet = Sheet::new(layout, 2).unwrap();
    sheet.add(Ok(&red(320, 180)), TIME);
    sheet.add(Ok(&red(320, 180)), "");
    let sheet = sheet.finish();
    let first = area_of(&sheet, label_of(&layout, 0));
    assert!(first.contains(&LABEL), "strokes are in full colour");
    assert!(first.iter().filter(|pixel| **pixel == GROUND).count() > first.len() / 2);
    assert!(area_of(&sheet, label_of(&layout, 1)).iter().all(|pixel| *pixel == GROUND));
    assert!(area_of(&sheet, layout.tile(0)).iter().all(|pixel| *pixel == RED), "the picture is whole");
}

#[test]
fn labels_of_narrow_tiles_are_those_of_the_time_alone() {
    let strip = |width, label: &str| {
        let layout = Layout::new(width, 40, 1);
        let mut sheet = Sheet::new(layout, 1).unwrap();
        sheet.add(Ok(&red(width, 40)), label);
        area_of(&sheet.finish(), label_of(&layout, 0))
    };
    assert_eq!(strip(160, TIME), strip(160, "06:55:09.126"));
    assert_eq!(strip(160, TIME), strip(160, "2017-11-28 06:55:09.126"));
    assert_ne!(strip(189, TIME), strip(189, "06:55:09.126"));
    assert_eq!(strip(60, TIME), strip(60, "06:55:09"));
    assert_eq!(strip(50, TIME), strip(50, ""));
}

#[test]
fn pictures_of_another_aspect_stand_in_the_middle() {
    let layout = Layout::new(64, 36, 3);
    let mut sheet = Sheet::new(layout, 3).unwrap();
    sheet.add(Ok(&red(64, 20)), "");
    sheet.add(Ok(&red(64, 72)), "");
    sheet.add(Ok(&red(1, 1)), "");
    let sheet = sheet.finish();
    for (index, width, height) in [(0, 64, 20), (1, 32, 36), (2, 1, 1)] {
        let tile = layout.tile(index);
        let picture = tile.centred(width, height);
        assert!(area_of(&sheet, picture).iter().all(|pixel| *pixel == RED));
        let red = area_of(&sheet, tile).iter().filter(|pixel| **pixel == RED).count();
        assert_eq!(red, usize::try_from(width * height).unwrap());
        let beside = area_of(&sheet, tile).iter().filter(|pixel| **pixel == BESIDE).count();
        assert_eq!(red + beside, 64 * 36);
    }
}

#[test]
fn what_is_missing_is_told_in_words_and_not_mistaken_for_another_lack() {
    let tile = |error: &ImageError| {
        let layout = Layout::new(320, 180, 1);
        let mut sheet = Sheet::new(layout, 1).unwrap();
        sheet.add(Err(error), TIME);
        area_of(&sheet.finish(), layout.tile(0))
    };
    let no_media = tile(&ImageError::no_media("no fragment covers this time"));
    let media_error = tile(&ImageError::media("no fragment covers this time"));
    assert_ne!(no_media, media_error);
    for (tile, name, ground) in [(&no_media, NO_MEDIA_NAME, NO_MEDIA), (&media_error, MEDIA_ERROR_NAME, MEDIA_ERROR)] {
        assert!(tile.contains(&name) && tile.contains(&REASON) && tile.contains(&ground));
    }
    assert_ne!(no_media, tile(&ImageError::no_media("another reason")));
    assert!(!tile(&ImageError::no_media("")).contains(&REASON));
}

#[test]
fn placeholders_keep_to_their_tile_however_small_it_is_and_long_the_reason() {
    let error = ImageError::media("x".repeat(10_000));
    for (width, height) in [(1, 1), (2, 90), (20, 20), (61, 17), (100, 30), (320, 180), (1920, 100)] {
        let layout = Layout { columns: 1, ..Layout::new(width, height, 1) };
        let mut sheet = Sheet::new(layout, 1).unwrap();
        sheet.add(Err(&error), TIME);
        let mut sheet = sheet.finish();
        for area in [layout.tile(0), label_of(&layout, 0)] {
            for y in area.y..area.y + area.height {
                (area.x..area.x + area.width).for_each(|x| sheet.put_pixel(x, y, GROUND));
            }
        }
        assert!(sheet.pixels().all(|pixel| *pixel == GROUND), "{width} x {height}");
    }
}

#[test]
fn a_title_stands_above_all_tiles_and_is_cut_where_the_sheet_ends() {
    let layout = Layout::new(64, 36, 1);
    let titled = |title: &str| {
        let mut sheet = Sheet::new(layout, 1).unwrap();
        sheet.title("another");
        sheet.title(title);
        sheet.finish()
    };
    let long = titled(&"M".repeat(1000));
    assert!(long.pixels().any(|pixel| *pixel == TITLE));
    let below = layout.tile(0).y;
    for (x, y, pixel) in long.enumerate_pixels() {
        let room = (layout.margin..long.width() - layout.margin).contains(&x) && (layout.margin..below).contains(&y);
        assert!(room || *pixel == GROUND);
    }
    assert!(titled("").pixels().all(|pixel| *pixel == GROUND));
}

#[test]
fn sheets_are_wider_than_high_and_not_wider_than_screens() {
    let shape = |count| {
        let layout = Layout::new(320, 180, count);
        let (width, height) = layout.size(u32::try_from(count).unwrap()).unwrap();
        (layout.columns, width, height)
    };
    for (count, columns) in [(0, 1), (1, 1), (2, 2), (4, 2), (6, 3), (12, 4), (240, 7)] {
        assert_eq!(shape(count).0, columns, "{count}");
    }
    for count in 1..=240 {
        let (columns, width, height) = shape(count);
        assert!(width <= 2560 && height <= 65_535);
        assert!(usize::try_from(columns).unwrap() <= count);
        assert!(
            3 * width >= 4 * height || columns == 7 || usize::try_from(columns).unwrap() == count,
            "{count}: {width} x {height}"
        );
    }
    assert_eq!(Layout::new(3840, 2160, 4).columns, 1);
}

#[test]
fn as_many_tiles_fit_as_memory_and_jpeg_allow() {
    for (width, height) in [(1, 1), (64, 36), (320, 180), (1920, 1080), (3840, 2160), (30_000, 1000), (10, 60_000)] {
        let capacity = Layout::capacity(width, height);
        assert!(capacity > 0, "{width} x {height}");
        assert!(Sheet::new(Layout::new(width, height, capacity), capacity).is_ok());
        let more = capacity + 1;
        let error = Sheet::new(Layout::new(width, height, more), more);
        assert!(capacity == MOST_TILES || error.is_err_and(|error| error.to_string().contains("50 million pixels")));
    }
    for (width, height) in [(65_535, 10), (10, 65_535), (20_000, 20_000), (u32::MAX, u32::MAX)] {
        assert_eq!(Layout::capacity(width, height), 0, "{width} x {height}");
        assert!(Sheet::new(Layout::new(width, height, 1), 1).is_err());
    }
    assert!(Layout::capacity(320, 180) > 240);
}
