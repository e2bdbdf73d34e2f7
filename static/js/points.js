// Keyboard access to the points of a chart: a ring and the tooltip mark the current one, and a live region reads it out.
// key_actions.js says which keys; the list is read anew at each press, because a chart is drawn again when its width changes.

const charts = new WeakMap(); // host → {view, say, at}
const LINES = ["line", "area", "trail", "rule"]; // one mark for many points: these have symbols of their own

// Every mark with a tooltip, once: a bar and its number share one.
function collect(group, x, y, found) {
  for (const mark of group.items) {
    if (mark.marktype === "group") {
      for (const item of mark.items) collect(item, x + (item.x || 0), y + (item.y || 0), found);
    } else if (!LINES.includes(mark.marktype)) {
      for (const item of mark.items) {
        const name = item.tooltip && JSON.stringify(item.tooltip);
        if (!name || found.has(name)) continue;
        const { x1, x2, y1, y2 } = item.bounds;
        found.set(name, { item, x: x + (x1 + x2) / 2, y: y + (y1 + y2) / 2, height: y2 - y1, isBar: mark.marktype === "rect" });
      }
    }
  }
}

// In reading order: bars and cells of one height row by row, all others from left to right.
function pointsOf(view) {
  const found = new Map();
  const [left, top] = view.origin();
  const around = view.padding();
  collect({ items: [view.scenegraph().root] }, left + around.left, top + around.top, found);
  const points = [...found.values()];
  const inRows = points.every((each) => each.isBar && Math.abs(each.height - points[0].height) < 1);
  const first = inRows ? "y" : "x";
  const second = inRows ? "x" : "y";
  return points.sort((one, other) => Math.round(one[first]) - Math.round(other[first]) || one[second] - other[second]);
}

const hostOf = () => document.activeElement?.closest("[data-points]");
const wordsOf = (point) => Object.entries(point.item.tooltip).map(([what, value]) => `${what}: ${value}`).join(", ");

function show(host, chart, point) {
  const plot = host.parentElement;
  if (plot.scrollWidth > plot.clientWidth) plot.scrollLeft = point.x - plot.clientWidth / 2;
  const box = host.getBoundingClientRect();
  if (box.top + point.y < 0 || box.top + point.y > innerHeight) host.scrollIntoView({ block: "nearest" });
  const place = host.getBoundingClientRect();
  chart.ring.toggleAttribute("hidden", false);
  chart.ring.setAttribute("transform", `translate(${point.x} ${point.y})`);
  const at = { clientX: place.left + point.x, clientY: place.top + point.y };
  chart.view.tooltip()(null, new MouseEvent("mousemove", at), point.item, point.item.tooltip);
  chart.say(wordsOf(point));
}

function hide(host) {
  const chart = charts.get(host);
  if (chart.at === null) return;
  chart.at = null;
  chart.ring.toggleAttribute("hidden", true);
  chart.view.tooltip()(null, new MouseEvent("mouseout"), null, null);
}

export function movePoint(steps) {
  const host = hostOf();
  if (!host) return false;
  const chart = charts.get(host);
  const points = pointsOf(chart.view);
  if (!points.length) return false;
  const from = chart.at === null ? (steps > 0 ? -1 : points.length) : chart.at;
  chart.at = Math.max(0, Math.min(points.length - 1, from + steps));
  show(host, chart, points[chart.at]);
  return true;
}

export function leavePoints() {
  const host = hostOf();
  host?.blur();
  return Boolean(host);
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// `label` says what the chart shows and how to move through it.
export function offerPoints(host, view, label, say) {
  if (!pointsOf(view).length) return;
  for (const child of host.children) child.setAttribute("aria-hidden", "true"); // the picture; what it shows is read out
  const ring = drawn("g", { class: "chart-ring", hidden: "" });
  ring.append(drawn("circle", { r: 9, class: "around" }), drawn("circle", { r: 9 }));
  const over = drawn("svg", { class: "chart-over", "aria-hidden": "true" });
  over.append(ring);
  host.append(over);
  charts.set(host, { view, say, ring, at: null });
  host.tabIndex = 0;
  host.dataset.points = "";
  host.setAttribute("role", "application");
  host.setAttribute("aria-label", label);
  host.addEventListener("blur", () => hide(host));
}
