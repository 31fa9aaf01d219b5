//! A report as one page that needs nothing else: no script, no font, no picture from anywhere.

use std::fmt::Write as _;
use std::path::PathBuf;

use fragkit::{Distribution, Gap, Report};

use super::svg::{escaped, real};
use super::{plot, words};

/// The page.
pub(super) fn page(report: &Report, inputs: &[PathBuf]) -> String {
    let names: Vec<String> = inputs.iter().take(MOST_NAMES).map(|input| input.display().to_string()).collect();
    let mut names = names.join(", ");
    if let Some(more) = inputs.len().checked_sub(MOST_NAMES).filter(|&more| more > 0) {
        let _ = write!(names, " and {more} more");
    }
    let (names, gaps) = (escaped(names), report.gaps());
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Nothing can be fetched and nothing run, whatever the stream brings.
    let _ = write!(
        page,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Recording report: {names}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    header(&mut page, report, &names);
    coverage(&mut page, report, &gaps);
    days(&mut page, report);
    rates(&mut page, report);
    delays(&mut page, report);
    lengths(&mut page, report);
    over_time(&mut page, report);
    tracks(&mut page, report);
    gap_table(&mut page, &gaps);
    event_table(&mut page, report);
    page += "</main>\n</body>\n</html>\n";
    page
}

fn header(page: &mut String, report: &Report, names: &str) {
    let (totals, extent) = (&report.totals, words::extent(report));
    let whole = extent.end.saturating_sub(extent.start);
    let gaps = u64::try_from(report.coverage.gaps().count()).unwrap_or(u64::MAX);
    let _ = write!(
        page,
        "<header><h1>Recording report</h1><p class=\"names\">{names}</p><p>{} to {}, by {} time</p></header>\n<dl class=\"totals\">",
        words::moment(extent.start),
        words::moment(extent.end),
        words::by(report)
    );
    let damaged = match totals.damaged {
        0 => "none damaged".into(),
        damaged => format!("{damaged} damaged"),
    };
    let entries = [
        ("covered", words::percent(totals.covered_ms, whole), words::length(totals.covered_ms)),
        ("missing", words::length(totals.missing_ms), format!("in {}", words::count(gaps, "gap"))),
        ("fragments", totals.fragments.to_string(), format!("of {}, {damaged}", words::count(totals.chunks, "chunk"))),
        ("size", words::scaled(totals.bytes, "B"), words::count(totals.frames, "frame")),
        ("recording", words::length(whole), words::count(u64::try_from(report.days.len()).unwrap_or(u64::MAX), "day")),
    ];
    for (name, figure, more) in entries {
        let _ = write!(page, "<div><dt>{name}</dt><dd>{figure}<small>{more}</small></dd></div>");
    }
    *page += "</dl>\n";
}

fn coverage(page: &mut String, report: &Report, gaps: &[Gap]) {
    let quiet = gaps.is_empty() && report.event_counts.is_empty();
    *page += "<section id=\"coverage\"><h2>Coverage</h2>\n";
    if quiet {
        *page += "<p>No gaps, overlaps, duplicates, restarts, changes, damage or exceptions.</p>\n";
    }
    *page += &plot::timeline(report, gaps);
    not_drawn(page, report);
    *page += "</section>\n";
}

fn not_drawn(page: &mut String, report: &Report) {
    if report.tracks.len() > plot::MOST_TRACKS {
        let _ = writeln!(
            page,
            "<p class=\"note\">The first {} of {} tracks are drawn; the table of tracks has all.</p>",
            plot::MOST_TRACKS,
            report.tracks.len()
        );
    }
}

fn days(page: &mut String, report: &Report) {
    *page += "<section id=\"days\"><h2>Days, UTC</h2>\n<div class=\"wide\"><table class=\"days\">";
    let _ = writeln!(
        page,
        "<thead><tr><th>day</th><th class=\"strip\">{}</th><th>covered</th><th class=\"more\">missing</th><th class=\"more\">fragments</th>\
         <th class=\"more\">size</th></tr></thead><tbody>",
        plot::hours()
    );
    for (at, day) in report.days.iter().take(MOST_DAYS).enumerate() {
        let before = at.checked_sub(1).and_then(|before| report.days.get(before));
        if let Some(between) = before.map(|before| super::text::days_between(before, day)).filter(|&days| days > 0) {
            let _ = write!(
                page,
                "<tr class=\"none\"><td></td><td>{} without media</td></tr>",
                words::count(between, "day")
            );
        }
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td class=\"strip\">{}</td><td>{}</td><td class=\"more\">{}</td><td class=\"more\">{}</td>\
             <td class=\"more\">{}</td></tr>",
            words::date(day.start.as_millis()),
            plot::day(report, day),
            words::percent(day.covered_ms, day.covered_ms.saturating_add(day.missing_ms)),
            words::length(day.missing_ms),
            day.fragments,
            words::scaled(day.bytes, "B")
        );
    }
    *page += "</tbody></table></div>\n";
    more(page, report.days.len(), MOST_DAYS, "days");
    *page += "</section>\n";
}

fn rates(page: &mut String, report: &Report) {
    *page += "<section id=\"rates\"><h2>Bit rate and frame rate</h2>\n";
    for (at, track) in plot::drawn(report) {
        let bits = track.bits_per_second().map_or_else(|| "-".into(), |rate| words::scaled(rate, "bit/s"));
        let frames = track.milliframes_per_second().map_or_else(|| "-".into(), words::thousandths);
        let greatest = report.bins.iter().filter_map(|bin| bin.tracks.get(at)?.bits_per_second()).max();
        let (unit, per_unit) = match greatest.unwrap_or_default() {
            0..10_000 => ("bit/s", 1.0),
            10_000..10_000_000 => ("kbit/s", 1e3),
            _ => ("Mbit/s", 1e6),
        };
        let in_unit = |rate: u64| real(i64::try_from(rate).unwrap_or(i64::MAX)) / per_unit;
        let bit_rate = plot::rate(report, at, ("Bit rate", unit), |there| there.bits_per_second().map(in_unit));
        let frame_rate = plot::rate(report, at, ("Frame rate", "frames a second"), |there| {
            Some(real(i64::try_from(there.milliframes_per_second()?).unwrap_or(i64::MAX)) / 1000.0)
        });
        let name = escaped(words::track_name(track));
        let _ = writeln!(
            page,
            "<div class=\"pair\"><figure><figcaption>{name}: {unit} <b>mean {bits}</b></figcaption>{bit_rate}</figure>\
             <figure><figcaption>{name}: frames a second <b>mean {frames}</b></figcaption>{frame_rate}</figure></div>"
        );
    }
    *page += "</section>\n";
}

fn delays(page: &mut String, report: &Report) {
    if report.delay_ms.count() == 0 {
        return;
    }
    let _ = write!(
        page,
        "<section id=\"delay\"><h2>Delay from producer to server</h2>\n<p>Server timestamp less producer timestamp, in {}. \
         <span class=\"key\"><i class=\"band\"></i>least to greatest</span> <span class=\"key\"><i class=\"c0\"></i>median</span> \
         <span class=\"key\"><i class=\"c1 dashed\"></i>95th percentile</span></p>\n{}",
        plot::delay_unit(report).0,
        plot::delay(report)
    );
    *page += "<div class=\"wide\"><table class=\"figures\"><thead>";
    *page += DISTRIBUTION_HEAD;
    *page += "</thead><tbody>";
    distribution_row(page, "delay", &report.delay_ms);
    *page += "</tbody></table></div></section>\n";
}

const DISTRIBUTION_HEAD: &str =
    "<tr><th>milliseconds</th><th>least</th><th>median</th><th>95th percentile</th><th>greatest</th></tr>";

fn distribution_row(page: &mut String, name: &str, distribution: &Distribution) {
    let _ = write!(page, "<tr><th scope=\"row\">{}</th>", escaped(name));
    let numbers = [distribution.least(), distribution.median(), distribution.percentile(95), distribution.greatest()];
    for number in numbers {
        let number = number.map_or_else(|| "-".into(), |number| number.to_string());
        let _ = write!(page, "<td>{number}</td>");
    }
    *page += "</tr>";
}

fn lengths(page: &mut String, report: &Report) {
    *page += "<section id=\"lengths\"><h2>Fragment lengths and key-frame distances</h2>\n<div class=\"pair\">";
    let mut all = vec![("Fragment length".to_owned(), &report.fragment_length_ms, "c2".to_owned())];
    for (at, track) in plot::drawn(report).filter(|(_, track)| track.key_frame_distance_ms.count() > 0) {
        all.push((
            format!("Key frames of {}", words::track_name(track)),
            &track.key_frame_distance_ms,
            plot::colour(at),
        ));
    }
    for (name, distribution, class) in &all {
        let bars = plot::histogram_bars(distribution);
        let _ = write!(
            page,
            "<figure><figcaption>{}: how many of each length in ms</figcaption>{}<details><summary>as a table</summary>\
             <table class=\"figures\"><thead><tr><th>length</th><th>how many</th></tr></thead><tbody>",
            escaped(name),
            plot::histogram(name, &bars, class)
        );
        for (bar, times) in &bars {
            let _ = write!(page, "<tr><th scope=\"row\">{}</th><td>{times}</td></tr>", plot::stretch(bar));
        }
        *page += "</tbody></table></details></figure>";
    }
    *page += "</div>\n<div class=\"wide\"><table class=\"figures\"><thead>";
    *page += DISTRIBUTION_HEAD;
    *page += "</thead><tbody>";
    all.iter().for_each(|(name, distribution, _)| distribution_row(page, name, distribution));
    *page += "</tbody></table></div></section>\n";
}

/// The figures that are drawn, for those who do not see them.
fn over_time(page: &mut String, report: &Report) {
    let (width, bins) = report.wider_bins(MOST_ROWS);
    let _ = write!(
        page,
        "<section id=\"over-time\"><h2>Figures over time</h2>\n<details><summary>a row for every {}</summary>\
         <div class=\"wide\"><table class=\"figures\"><thead><tr><th>from, UTC</th><th>fragments</th>",
        words::length(width)
    );
    for (_, track) in plot::drawn(report) {
        let name = escaped(words::track_name(track));
        let _ = write!(page, "<th>{name}</th><th>frames/s</th>");
    }
    *page += "<th>least delay</th><th>median</th><th>95th percentile</th><th>greatest</th></tr></thead><tbody>\n";
    for bin in &bins {
        let from = words::moment(bin.start_ms);
        let from = from.trim_end_matches(" UTC").trim_end_matches(".000");
        let _ = write!(page, "<tr><th scope=\"row\">{from}</th><td>{}</td>", bin.fragments);
        for (at, _) in plot::drawn(report) {
            let there = bin.tracks.get(at).copied().unwrap_or_default();
            let bits = there.bits_per_second().map_or_else(|| "-".into(), |rate| words::scaled(rate, "bit/s"));
            let frames = there.milliframes_per_second().map_or_else(|| "-".into(), words::thousandths);
            let _ = write!(page, "<td>{bits}</td><td>{frames}</td>");
        }
        let delay = &bin.delay_ms;
        for number in [delay.least(), delay.median(), delay.percentile(95), delay.greatest()] {
            let number = number.map_or_else(|| "-".into(), |number| format!("{number} ms"));
            let _ = write!(page, "<td>{number}</td>");
        }
        *page += "</tr>\n";
    }
    *page += "</tbody></table></div></details></section>\n";
}

fn tracks(page: &mut String, report: &Report) {
    *page += "<section id=\"tracks\"><h2>Tracks</h2>\n<div class=\"wide\"><table class=\"figures\"><thead><tr><th>track</th>\
              <th class=\"text\">name</th><th>frames</th><th>key frames</th><th>bytes</th><th>covers</th><th>gaps</th></tr></thead><tbody>\n";
    for track in &report.tracks {
        let name = track.track.as_ref().and_then(|track| track.entry.name.as_deref()).unwrap_or("-");
        let name: String = name.chars().take(LONGEST_NAME).collect();
        let line: String = words::track_line(track).chars().take(LONGEST_NAME).collect();
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\" class=\"text\">{}</th><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td></tr>",
            escaped(line),
            escaped(name),
            track.frames,
            track.key_frames,
            words::scaled(track.bytes, "B"),
            words::length(track.coverage.total_ms()),
            track.coverage.gaps().count()
        );
    }
    *page += "</tbody></table></div></section>\n";
}

fn gap_table(page: &mut String, gaps: &[Gap]) {
    if gaps.is_empty() {
        return;
    }
    let length = |gap: &Gap| gap.span.end.saturating_sub(gap.span.start);
    let mut longest: Vec<&Gap> = gaps.iter().collect();
    longest.sort_by_key(|gap| std::cmp::Reverse(length(gap)));
    longest.truncate(MOST_LINES);
    longest.sort_by_key(|gap| (gap.span.start, gap.track));
    let head = if gaps.len() > MOST_LINES { format!("Gaps: the {MOST_LINES} longest") } else { "Gaps".into() };
    let _ = write!(
        page,
        "<section id=\"gaps\"><h2>{head}</h2>\n<div class=\"wide\"><table class=\"figures\"><thead><tr><th>from, UTC</th><th>to, UTC</th>\
         <th>length</th><th>of</th></tr></thead><tbody>\n"
    );
    for gap in longest {
        let of = gap.track.map_or_else(|| "all tracks".into(), |track| format!("track {track} alone"));
        let (from, to) = (words::moment(gap.span.start), words::moment(gap.span.end));
        let [from, to] = [&from, &to].map(|moment| moment.trim_end_matches(" UTC"));
        let _ =
            writeln!(page, "<tr><td>{from}</td><td>{to}</td><td>{}</td><td>{of}</td></tr>", words::length(length(gap)));
    }
    *page += "</tbody></table></div>\n";
    more(page, gaps.len(), MOST_LINES, "gaps");
    *page += "</section>\n";
}

fn event_table(page: &mut String, report: &Report) {
    if report.event_counts.is_empty() {
        return;
    }
    *page += "<section id=\"events\"><h2>What happens</h2>\n";
    for (group, kinds) in words::GROUPS {
        let all = words::in_group(report, kinds);
        if all == 0 {
            continue;
        }
        let _ = writeln!(
            page,
            "<h3>{group}</h3><div class=\"wide\"><table class=\"figures\"><thead><tr><th>time, UTC</th><th class=\"text\">the fragment</th>\
             <th class=\"digits\">number</th><th>byte</th></tr></thead><tbody>"
        );
        let events = report.events.iter().filter(|event| kinds.contains(&event.kind.name()));
        for event in events.take(MOST_LINES) {
            let time = event.time.map_or_else(|| "-".into(), |time| words::moment(time.as_millis()));
            let number = event.fragment_number.as_ref().map_or_else(|| "-".into(), ToString::to_string);
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td class=\"text\">{}</td><td class=\"digits\">{number}</td><td>{}</td></tr>",
                time.trim_end_matches(" UTC"),
                escaped(words::event(event)),
                event.offset
            );
        }
        *page += "</tbody></table></div>\n";
        more(page, usize::try_from(all).unwrap_or(usize::MAX), MOST_LINES, group);
    }
    *page += "</section>\n";
}

fn more(page: &mut String, all: usize, shown: usize, what: &str) {
    if let Some(more) = all.checked_sub(shown).filter(|&more| more > 0) {
        let _ = writeln!(page, "<p class=\"note\">And {more} more {what}; <code>--json</code> has more of them.</p>");
    }
}

/// Names of inputs in the title.
const MOST_NAMES: usize = 5;

/// Rows for gaps, and for each group of events.
const MOST_LINES: usize = 100;

/// Rows for days.
const MOST_DAYS: usize = 400;

/// Rows of figures over time.
const MOST_ROWS: usize = 60;

/// Characters of a track's name or line.
const LONGEST_NAME: usize = 300;

/// Colours are those that Okabe and Ito chose so that all people can tell them apart, darker or lighter where the ground asks for it.
const STYLE: &str = "
:root{color-scheme:light dark;--ground:#fff;--card:#f5f6f8;--ink:#1b1f24;--faint:#5b6470;--line:#d9dde3;--empty:#e4e7ec;--mark:#c2410c;
--c0:#0072b2;--c1:#d55e00;--c2:#00805f;--c3:#b0568c;--c4:#8a6d00;--c5:#3a8fc4}
@media(prefers-color-scheme:dark){:root{--ground:#14171b;--card:#1d2127;--ink:#e8eaed;--faint:#a3acb8;--line:#333a43;--empty:#2b313a;
--mark:#ff9d5c;--c0:#56b4e9;--c1:#f0883e;--c2:#2fbf93;--c3:#dc96bd;--c4:#e6c94a;--c5:#8ecbf2}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:1.6rem;margin:0 0 4px}h2{font-size:1.2rem;margin:40px 0 10px}h3{font-size:1rem;margin:20px 0 6px}
p{margin:0 0 8px}.names{overflow-wrap:anywhere;font-weight:600}header p,.note{color:var(--faint)}header .names{color:inherit}
.totals{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 0}
.totals div{background:var(--card);border-radius:8px;padding:12px 14px}
dt{color:var(--faint);font-size:.85rem}dd{margin:0;font-size:1.35rem;font-weight:600}
dd small{display:block;font-size:.85rem;font-weight:400;color:var(--faint)}
svg{display:block;width:100%;height:auto;overflow:visible}
text{font-size:12px;fill:var(--faint)}text.lane{fill:var(--ink);font-size:13px;paint-order:stroke;stroke:var(--ground);stroke-width:3px}
.grid{stroke:var(--line);fill:none;stroke-width:1}
.empty{fill:var(--empty)}.empty.thin{fill:var(--card)}.outside{fill:var(--card)}.hole{fill:var(--ground);stroke:var(--mark);stroke-width:.6}
.gap{fill:var(--mark)}.event{fill:var(--c3)}
.fill.c0{fill:var(--c0)}.fill.c1{fill:var(--c1)}.fill.c2{fill:var(--c2)}.fill.c3{fill:var(--c3)}.fill.c4{fill:var(--c4)}.fill.c5{fill:var(--c5)}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}
.line.c0{stroke:var(--c0)}.line.c1{stroke:var(--c1)}.line.c2{stroke:var(--c2)}.line.c3{stroke:var(--c3)}.line.c4{stroke:var(--c4)}.line.c5{stroke:var(--c5)}
.line.dashed{stroke-dasharray:6 4}path.band{fill:var(--c0);opacity:.22}
.key{white-space:nowrap;margin-right:12px}.key i{display:inline-block;width:22px;border-top:3px solid;margin-right:6px;vertical-align:middle}
.key .c0{color:var(--c0)}.key .c1{color:var(--c1)}.key .dashed{border-top-style:dashed}.key .band{border-top-width:11px;color:var(--c0);opacity:.3}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:16px 28px;margin-bottom:14px}
.pair text{font-size:17px}
figure{margin:0;min-width:0}figcaption{font-size:.9rem;margin-bottom:4px;color:var(--faint)}figcaption b{color:var(--ink);font-weight:600;margin-left:8px}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums}
th,td{padding:4px 14px 4px 0;text-align:right;font-weight:400;white-space:nowrap;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--faint);vertical-align:bottom}
th:first-child,td:first-child,.text{text-align:left}.text{white-space:normal;min-width:220px;overflow-wrap:anywhere}
.digits{white-space:normal;overflow-wrap:anywhere;min-width:200px;text-align:left;font-size:.8rem}
.figures{margin-top:8px}.days{width:100%}.days td,.days th{vertical-align:middle}.days .strip{width:52%;min-width:190px}.days .none td{color:var(--faint);text-align:left}
summary{cursor:pointer;color:var(--faint);font-size:.9rem}
@media(max-width:640px){main{padding:16px 12px 48px}.more,.odd{display:none}text{font-size:22px}text.lane{font-size:19px}.pair text{font-size:22px}
.days text{font-size:24px}dd{font-size:1.15rem}.totals{grid-template-columns:1fr 1fr}th,td{padding-right:9px}.text{min-width:160px}}
@media print{details{display:none}}
";
