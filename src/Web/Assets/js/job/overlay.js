// Draws results over the picture. What is drawn is decided first, as a list, and then painted.
import { colorOf, textColor, zoneColor } from './palette.js';

const chip = 'rgb(10 14 20 / 85%)';
const font = '600 12px system-ui, "Noto Sans", "DejaVu Sans", sans-serif';
const widths = new Map();

/** Width of a picture in which words must be short. */
const narrow = 480;

/**
 * Decides what is drawn at a time.
 * @param {object | null | undefined} frame Results of the frame that is shown.
 * @param {object | null} analyzed The latest analyzed frame, for texts between analyzed frames.
 * @param {number} milliseconds Position of the player.
 * @param {{objects: boolean, texts: boolean, minConfidence: number, hidden: Set<string>}} shown What the viewer wants.
 * @param {number} hold How long results stay on the picture if no analyzed frame follows.
 */
export function drawList(frame, analyzed, milliseconds, shown, hold) {
    if (!frame || milliseconds - frame.ms > hold) {
        return [];
    }

    const items = [];
    if (shown.objects) {
        for (const found of frame.objects) {
            // Boxes between detections have no confidence of their own.
            const isWanted = found.isBetween || found.confidence >= shown.minConfidence;
            if (isWanted && !shown.hidden.has(found.label)) {
                const { label, trackId, x, y, width, height, isBetween, confidence } = found;
                items.push({ kind: 'object', label, trackId, x, y, width, height, isDashed: isBetween, confidence });
            }
        }
    }

    const source = frame.isBetween ? analyzed : frame;
    if (shown.texts && source) {
        for (const { text, confidence, polygon, trackId } of source.texts) {
            if (confidence >= shown.minConfidence) {
                items.push({ kind: 'text', text, confidence, polygon, trackId });
            }
        }
    }

    return items;
}

/**
 * Paints a list.
 * @param {HTMLCanvasElement} canvas Its bitmap has the size of the picture on the screen.
 * @param {object[]} items From drawList.
 * @param {{width: number, height: number}} video Size of the video in the pixels of the results.
 * @param {{zones: object[], lines: object[]}} shapes Zones and lines of the job, relative to the frame.
 */
export function paint(canvas, items, video, shapes) {
    const context = canvas.getContext('2d');
    const ratio = canvas.width / Math.max(1, canvas.clientWidth);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [width, height] = [canvas.width / ratio, canvas.height / ratio];
    const [scaleX, scaleY] = [width / video.width, height / video.height];
    context.font = font;
    context.textBaseline = 'middle';
    paintShapes(context, shapes, width, height);
    const objects = items.filter(item => item.kind === 'object');
    for (const item of objects) {
        paintBox(context, item, item.x * scaleX, item.y * scaleY, item.width * scaleX, item.height * scaleY);
    }

    const taken = [];
    for (const item of items) {
        if (item.kind === 'text') {
            paintText(context, item, scaleX, scaleY, width, taken);
        }
    }

    // Words above all boxes, beside those that are there already.
    for (const item of objects) {
        const id = item.trackId ? ` ${item.trackId}` : '';
        const share = item.isDashed || width < narrow ? '' : ` ${Math.round(item.confidence * 100)}%`;
        const [top, bottom] = [item.y * scaleY, (item.y + item.height) * scaleY];
        const tops = [top - 18, bottom + 1, top + 1, bottom - 18, top - 36].filter(y => y >= 0 && y + 17 <= height);
        paintWords(
            context, `${item.label}${id}${share}`, item.x * scaleX, tops.length > 0 ? tops : [top + 1],
            colorOf(item.label), width, taken);
    }
}

function paintBox(context, item, x, y, width, height) {
    context.setLineDash(item.isDashed ? [6, 4] : []);
    context.lineWidth = 4;
    context.strokeStyle = 'rgb(0 0 0 / 45%)';
    context.strokeRect(x, y, width, height);
    context.lineWidth = 2;
    context.strokeStyle = colorOf(item.label);
    context.strokeRect(x, y, width, height);
    context.setLineDash([]);
}

function paintText(context, item, scaleX, scaleY, width, taken) {
    const points = item.polygon.map(point => [point.x * scaleX, point.y * scaleY]);
    if (points.length === 0) {
        return;
    }

    context.beginPath();
    points.forEach(([x, y], index) => index === 0 ? context.moveTo(x, y) : context.lineTo(x, y));
    context.closePath();
    context.lineWidth = 3;
    context.strokeStyle = 'rgb(0 0 0 / 55%)';
    context.stroke();
    context.lineWidth = 1.5;
    context.strokeStyle = textColor;
    context.stroke();
    const bottom = Math.max(...points.map(([, y]) => y));
    paintWords(context, item.text, Math.min(...points.map(([x]) => x)), [bottom + 2], textColor, width, taken);
}

/** Paints words at the first of some heights where no other words are, otherwise at the first one. */
function paintWords(context, words, left, tops, color, width, taken) {
    const text = words.length > 60 ? `${words.slice(0, 59)}…` : words;
    const length = widthOf(context, text) + 12;
    const x = Math.max(0, Math.min(left - 1, width - length));
    const isFree = y => !taken.some(other =>
        x < other.x + other.length && other.x < x + length && y < other.top + 17 && other.top < y + 17);
    const top = tops.find(isFree) ?? tops[0];
    taken.push({ x, top, length });
    context.fillStyle = chip;
    context.fillRect(x, top, length, 17);
    context.fillStyle = color;
    context.fillRect(x, top, 3, 17);
    context.fillStyle = '#ffffff';
    context.fillText(text, x + 7, top + 9);
}

function paintShapes(context, { zones, lines }, width, height) {
    context.lineWidth = 1.5;
    context.strokeStyle = zoneColor;
    for (const zone of zones) {
        context.beginPath();
        zone.area.points.forEach(({ x, y }, index) =>
            index === 0 ? context.moveTo(x * width, y * height) : context.lineTo(x * width, y * height));
        context.closePath();
        context.fillStyle = 'rgb(22 184 138 / 12%)';
        context.fill();
        context.stroke();
        const [first] = zone.area.points;
        paintWords(context, zone.id, first.x * width, [first.y * height], zoneColor, width, []);
    }

    for (const { id, start, end } of lines) {
        context.beginPath();
        context.moveTo(start.x * width, start.y * height);
        context.lineTo(end.x * width, end.y * height);
        context.stroke();
        paintWords(context, id, start.x * width, [start.y * height], zoneColor, width, []);
    }
}

function widthOf(context, text) {
    let width = widths.get(text);
    if (width === undefined) {
        if (widths.size > 2_000) {
            widths.clear();
        }

        width = context.measureText(text).width;
        widths.set(text, width);
    }

    return width;
}
