// Draws tables as charts. A figure with `data-chart` names its table: the rows have their time in `data-at` and their values in
// `data-values`, and the heads of the columns are what the lines are called. Who sees no chart has the table.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 220;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(table, width) {
  const [time, ...names] = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
  const lines = ["--accent", "--warn"].map((stroke, index) => ({
    label: names[index],
    stroke: colour(stroke),
    width: 2,
    points: { show: true, size: 6 },
    value: (_, seconds) => seconds?.toFixed(2) ?? "–",
  }));
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  return {
    width,
    height: HEIGHT,
    // The table's times are those of the desk's clocks, wherever its reader is.
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    // A single hour is a point amid some, not amid days.
    scales: { x: { range: (_, first, last) => [Math.min(first, last - 6 * 3600), last] }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 0.5)] } },
    series: [{ label: time, value: "{HH}:{mm}" }, ...lines],
    axes: [{ ...axis, values: "{HH}:{mm}" }, { ...axis, size: 48, values: (_, seconds) => seconds.map(String) }],
  };
}

function draw(figure) {
  const table = document.getElementById(figure.dataset.chart);
  const place = figure.querySelector(".chart");
  if (!table || !place || place.firstChild) return;
  const rows = [...table.tBodies[0].rows];
  const values = rows.map((row) => row.dataset.values.split(" ").map((millis) => millis / 1000));
  const data = [rows.map((row) => Number(row.dataset.at)), values.map(([first]) => first), values.map(([, second]) => second)];
  const chart = new uPlot(options(table, place.clientWidth), data, place);
  const observer = new ResizeObserver(() => {
    if (!place.isConnected) return observer.disconnect();
    if (place.clientWidth > 0) chart.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  observer.observe(place);
}

const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);
document.addEventListener("htmx:after:settle", drawAll);
drawAll();
