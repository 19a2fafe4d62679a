// Colours, dashes and patterns for canvases, read from the style sheet's variables so that ops.css alone says
// how things look. Series have a slot from 1 to 8: a colour and a dash pattern that never go apart.

export const kSlots = 8;
const kDashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4], [6, 2, 2, 2, 2, 2], [1, 4]];

export const dash_of = (slot) => kDashes[(slot - 1) % kSlots];

export function read_theme(node) {
  const style = getComputedStyle(node);
  const color = (name) => style.getPropertyValue(name).trim();
  return {
    color,
    text: color("--text"),
    soft: color("--soft"),
    line: color("--line"),
    card: color("--card"),
    series: (slot) => color(`--series-${((slot - 1) % kSlots) + 1}`),
  };
}

export function translucent(color, alpha) {
  const part = (at) => parseInt(color.slice(at, at + 2), 16);
  return `rgba(${part(1)}, ${part(3)}, ${part(5)}, ${alpha})`;
}

const kHatches = {
  rising: [[0, 8, 8, 0]],
  falling: [[0, 0, 8, 8]],
  cross: [[0, 8, 8, 0], [0, 0, 8, 8]],
};

// A canvas pattern of slanted lines; kind: "rising" (/), "falling" (\) or "cross" (both).
export function hatch(context, color, kind, ground = "transparent") {
  const ratio = window.devicePixelRatio || 1;
  const tile = document.createElement("canvas");
  tile.width = tile.height = Math.round(8 * ratio);
  const pen = tile.getContext("2d");
  pen.scale(tile.width / 8, tile.height / 8);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = color;
  pen.lineWidth = 1.5;
  for (const [x0, y0, x1, y1] of kHatches[kind]) draw_tiled(pen, x0, y0, x1, y1);
  return context.createPattern(tile, "repeat");
}

// The line once more on each side, so that its ends meet at the corners of neighbouring tiles.
function draw_tiled(pen, x0, y0, x1, y1) {
  for (const shift of [-8, 0, 8]) {
    pen.beginPath();
    pen.moveTo(x0 + shift, y0);
    pen.lineTo(x1 + shift, y1);
    pen.stroke();
  }
}
