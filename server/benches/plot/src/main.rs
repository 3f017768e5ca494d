//! Draws the figures of `cargo xtask bench --json`, from standard input, as an SVG file.

use std::{env, io::stdin};

use anyhow::{Context as _, Result};
use plotters::{
    coord::{Shift, ranged1d::SegmentValue},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use serde::Deserialize;

const WIDTH: u32 = 900;
const ROW_HEIGHT: u32 = 30;
const TEXT: &str = "sans-serif";
const DWELL: RGBColor = RGBColor(25, 105, 170);
const BARE: RGBColor = RGBColor(110, 110, 110);
const PEER: RGBColor = RGBColor(190, 150, 90);

#[derive(Deserialize)]
struct Figures {
    effort: Effort,
    page: Vec<Row>,
}

#[derive(Deserialize)]
struct Effort {
    connections: u32,
}

#[derive(Deserialize)]
struct Row {
    subject: String,
    kind: Kind,
    ratio: Spread,
    p99_ms: Spread,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Bare,
    Dwell,
    Peer,
}

#[derive(Deserialize)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Row {
    fn color(&self) -> RGBColor {
        match self.kind {
            Kind::Bare => BARE,
            Kind::Dwell => DWELL,
            Kind::Peer => PEER,
        }
    }
}

fn main() -> Result<()> {
    let file = env::args().nth(1).context("usage: bench-plot FILE.svg")?;
    let figures: Figures = serde_json::from_reader(stdin()).context("the figures")?;
    let rows = u32::try_from(figures.page.len())?;
    let area = SVGBackend::new(&file, (WIDTH, 120 + rows * ROW_HEIGHT)).into_drawing_area();
    area.fill(&WHITE)?;
    let title = format!(
        "One authenticated GET that slides, {} connections",
        figures.effort.connections
    );
    let area = area.titled(&title, (TEXT, 18))?;
    let (left, right) = area.split_horizontally(WIDTH * 62 / 100);
    throughput(&left, &figures.page)?;
    latency(&right, &figures.page)?;
    area.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn throughput(area: &Area, rows: &[Row]) -> Result<()> {
    let count = rows.len();
    let last = count.saturating_sub(1);
    let most = rows.iter().map(|row| row.ratio.max).fold(1.0, f64::max) * 1.12;
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .x_label_area_size(44)
        .y_label_area_size(230)
        .build_cartesian_2d(0.0..most, (0..last).into_segmented())?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("requests per second, as a ratio to bare axum")
        .x_label_formatter(&|ratio| format!("{ratio:.1}"))
        .y_labels(count)
        .y_label_formatter(&|at| name(rows, at))
        .label_style((TEXT, 13))
        .draw()?;
    for (row, bar) in rows.iter().zip((0..count).rev()) {
        chart.draw_series(bars(bar, 0.0, &row.ratio, row.color()))?;
        let text = format!("{:.2}", row.ratio.median);
        chart.draw_series([label(bar, row.ratio.max, &text)])?;
    }
    Ok(())
}

fn latency(area: &Area, rows: &[Row]) -> Result<()> {
    let count = rows.len();
    let last = count.saturating_sub(1);
    let of_all = |least: f64, row: &Row| least.min(row.p99_ms.min);
    let least = rows.iter().fold(f64::MAX, of_all) / 1.5;
    let most = rows.iter().map(|row| row.p99_ms.max).fold(1.0, f64::max) * 3.0;
    let mut chart = ChartBuilder::on(area)
        .margin(8)
        .x_label_area_size(44)
        .y_label_area_size(8)
        .build_cartesian_2d((least..most).log_scale(), (0..last).into_segmented())?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("p99 latency, milliseconds")
        .x_label_formatter(&|ms| format!("{ms}"))
        .y_labels(count)
        .y_label_formatter(&|_| String::new())
        .label_style((TEXT, 13))
        .draw()?;
    for (row, bar) in rows.iter().zip((0..count).rev()) {
        chart.draw_series(bars(bar, least, &row.p99_ms, row.color()))?;
        let text = format!("{:.1}", row.p99_ms.median);
        chart.draw_series([label(bar, row.p99_ms.max, &text)])?;
    }
    Ok(())
}

fn name(rows: &[Row], at: &SegmentValue<usize>) -> String {
    let SegmentValue::CenterOf(bar) = at else {
        return String::new();
    };
    let row = rows.len().checked_sub(1 + bar).and_then(|n| rows.get(n));
    row.map(|row| row.subject.clone()).unwrap_or_default()
}

/// A bar up to the median, and a line over the spread of the rounds.
fn bars(
    bar: usize,
    from: f64,
    spread: &Spread,
    color: RGBColor,
) -> [Rectangle<(f64, SegmentValue<usize>)>; 2] {
    let row = |from, to, style: ShapeStyle, margin| {
        let corners = [
            (from, SegmentValue::Exact(bar)),
            (to, SegmentValue::Exact(bar + 1)),
        ];
        let mut rectangle = Rectangle::new(corners, style);
        rectangle.set_margin(margin, margin, 0, 0);
        rectangle
    };
    [
        row(from, spread.median, color.filled(), 5),
        row(spread.min, spread.max, BLACK.mix(0.5).filled(), 13),
    ]
}

fn label(bar: usize, at: f64, text: &str) -> Text<'static, (f64, SegmentValue<usize>), String> {
    let style = (TEXT, 13).into_font().color(&BLACK);
    // The space keeps it off the bar.
    Text::new(
        format!("\u{a0}\u{a0}{text}"),
        (at, SegmentValue::CenterOf(bar)),
        style.pos(Pos::new(HPos::Left, VPos::Center)),
    )
}
