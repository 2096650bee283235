// Zones and lines of a job: as text, one per line, and drawn on the first frame of a video. The text is what counts.

import { byId } from './dom.js';

const colors = ['#ffb000', '#56b4e9', '#009e73', '#cc79a7', '#f0e442', '#0072b2', '#d55e00'];
const form = /^(zone|line)\s+([A-Za-z0-9_-]{1,63})\s*:\s*(.*)$/;
const maxAreas = 20;
const maxPoints = 100;

/**
 * Reads zones and lines.
 * @throws {Error} A line is wrong; the message says which and why.
 */
export function parseAreas(text) {
    const zones = [];
    const lines = [];
    for (const [index, raw] of text.split('\n').entries()) {
        if (raw.trim() === '') {
            continue;
        }

        const [, kind, id, rest] = form.exec(raw.trim())
            ?? fail(index, 'write "zone NAME: x,y x,y x,y" or "line NAME: x,y x,y"');
        const points = rest.split(/\s+/).filter(Boolean).map(point => pointOf(point, index));
        if (kind === 'zone' && points.length < 3) {
            fail(index, 'a zone needs at least 3 points');
        }

        if (kind === 'line' && points.length !== 2) {
            fail(index, 'a line needs 2 points');
        }

        if (kind === 'line' && isSame(...points)) {
            fail(index, `the line ${id} ends where it begins. Give it two different points`);
        }

        if (points.length > maxPoints) {
            fail(index, `a zone has at most ${maxPoints} points, and ${id} has ${points.length}`);
        }

        if (kind === 'zone' && crossesItself(points)) {
            fail(index, `the edges of the zone ${id} cross. Write its corners in the order in which they follow`);
        }

        if ([...zones, ...lines].some(other => other.id === id)) {
            fail(index, `the id ${id} is used twice; give each zone and line an id of its own`);
        }

        if (kind === 'zone') {
            zones.push({ id, area: { points } });
        } else {
            lines.push({ id, start: points[0], end: points[1] });
        }

        if (zones.length > maxAreas || lines.length > maxAreas) {
            fail(index, `a job has at most ${maxAreas} zones and ${maxAreas} lines`);
        }
    }

    return { zones, lines };
}

function pointOf(text, index) {
    const [x, y, ...more] = text.split(',').map(Number);
    return more.length === 0 && x >= 0 && x <= 1 && y >= 0 && y <= 1
        ? { x, y }
        : fail(index, `"${text}" must be two numbers from 0 to 1, such as 0.25,0.5`);
}

const isSame = (one, other) => Math.abs(one.x - other.x) < 1e-6 && Math.abs(one.y - other.y) < 1e-6;

/** Whether two edges of a polygon that are no neighbours cross. */
function crossesItself(points) {
    const side = (a, b, c) => Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
    const cross = (a, b, c, d) => side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
    return points.some((from, one) => points.some((other, two) => two > one
        && cross(from, points[one + 1], other, points[(two + 1) % points.length])));
}

function fail(index, why) {
    throw new Error(`Line ${index + 1}: ${why}.`);
}

/** The canvas with the first frame, on which zones and lines are drawn. */
export class Drawing {
    #canvas = byId('frame');
    #picture = null;
    #kind = null;
    #points = [];
    #pointer = null;

    /** @param {HTMLTextAreaElement} text The zones and lines. */
    constructor(text) {
        this.text = text;
        byId('draw-zone').addEventListener('click', () => this.#choose('zone'));
        byId('draw-line').addEventListener('click', () => this.#choose('line'));
        byId('draw-undo').addEventListener('click', () => this.#undo());
        this.#canvas.addEventListener('pointerdown', event => this.#press(event));
        this.#canvas.addEventListener('pointermove', event => {
            this.#pointer = this.#pointOf(event);
            this.paint();
        });
        this.#canvas.addEventListener('dblclick', () => this.#finish());
        document.addEventListener('keydown', event => {
            if (this.#kind && event.key === 'Escape') {
                this.#choose(null);
            } else if (this.#kind && event.key === 'Enter' && this.#points.length > 0) {
                this.#finish();
                event.preventDefault();
            }
        });
    }

    /** Shows the first frame of a file; whether the browser can decode it. */
    async show(file) {
        this.#picture = await firstFrame(file);
        byId('draw').hidden = !this.#picture;
        byId('no-frame').hidden = Boolean(this.#picture);
        byId('no-frame').textContent = file
            ? 'This browser cannot show the video, so write the positions below. The server analyzes it all the same.'
            : 'Choose a video to draw on its first frame.';
        if (this.#picture) {
            [this.#canvas.width, this.#canvas.height] = [this.#picture.width, this.#picture.height];
            this.paint();
        }
    }

    paint() {
        if (!this.#picture) {
            return;
        }

        const context = this.#canvas.getContext('2d');
        context.drawImage(this.#picture, 0, 0);
        let areas = { zones: [], lines: [] };
        try {
            areas = parseAreas(this.text.value);
        } catch {
            // The field shows the problem.
        }

        const all = [
            ...areas.zones.map(zone => ({ name: zone.id, points: zone.area.points, isClosed: true })),
            ...areas.lines.map(line => ({ name: line.id, points: [line.start, line.end], isClosed: false })),
        ];
        all.forEach((area, index) => this.#stroke(context, area, colors[index % colors.length]));
        if (this.#points.length > 0) {
            const points = this.#pointer ? [...this.#points, this.#pointer] : this.#points;
            this.#stroke(context, { name: '', points, isClosed: false }, colors[all.length % colors.length]);
        }
    }

    #stroke(context, { name, points, isClosed }, color) {
        const { width, height } = this.#canvas;
        const unit = Math.max(width, height) / 400;
        context.beginPath();
        points.forEach(point => context.lineTo(point.x * width, point.y * height));
        if (isClosed) {
            context.closePath();
            context.globalAlpha = 0.2;
            context.fillStyle = color;
            context.fill();
            context.globalAlpha = 1;
        }

        // A dark edge keeps the color visible on every picture.
        for (const [stroke, size] of [['#000c', 2.2], [color, 1.2]]) {
            context.strokeStyle = stroke;
            context.lineWidth = size * unit;
            context.stroke();
        }

        if (name) {
            context.font = `600 ${7 * unit}px system-ui, sans-serif`;
            context.lineWidth = 1.5 * unit;
            context.strokeStyle = '#000c';
            context.fillStyle = color;
            const [x, y] = [points[0].x * width + 2 * unit, Math.max(points[0].y * height - 2 * unit, 8 * unit)];
            context.strokeText(name, x, y);
            context.fillText(name, x, y);
        }
    }

    #choose(kind) {
        this.#kind = this.#kind === kind ? null : kind;
        this.#points = [];
        byId('draw').classList.toggle('active', this.#kind !== null);
        byId('draw-zone').setAttribute('aria-pressed', this.#kind === 'zone');
        byId('draw-line').setAttribute('aria-pressed', this.#kind === 'line');
        byId('draw-hint').textContent = {
            zone: 'Click the corners; double-click or Enter ends the zone, Escape drops it.',
            line: 'Click its start and its end.',
        }[this.#kind] ?? '';
        this.paint();
    }

    #press(event) {
        if (!this.#kind) {
            return;
        }

        event.preventDefault();
        const point = this.#pointOf(event);
        const last = this.#points.at(-1);
        if (!last || Math.hypot(last.x - point.x, last.y - point.y) > 0.005) {
            this.#points.push(point);
        }

        if (this.#kind === 'line' && this.#points.length === 2) {
            this.#finish();
        }

        this.paint();
    }

    #finish() {
        const isWhole = this.#points.length >= (this.#kind === 'zone' ? 3 : 2);
        if (this.#kind && isWhole) {
            const points = this.#points.map(({ x, y }) => `${x.toFixed(3)},${y.toFixed(3)}`).join(' ');
            this.#write([...this.#linesOfText(), `${this.#kind} ${this.#freeName()}: ${points}`]);
        }

        this.#choose(null);
    }

    #undo() {
        this.#points = [];
        this.#write(this.#linesOfText().slice(0, -1));
    }

    #write(lines) {
        this.text.value = lines.join('\n');
        this.text.dispatchEvent(new Event('input'));
    }

    #linesOfText() {
        return this.text.value.split('\n').filter(line => line.trim() !== '');
    }

    #freeName() {
        const names = this.#linesOfText().map(line => form.exec(line.trim())?.[2]);
        let number = 1;
        while (names.includes(`${this.#kind}-${number}`)) {
            number++;
        }

        return `${this.#kind}-${number}`;
    }

    #pointOf(event) {
        const box = this.#canvas.getBoundingClientRect();
        const within = value => Math.max(0, Math.min(1, value));
        return {
            x: within((event.clientX - box.left) / box.width), y: within((event.clientY - box.top) / box.height),
        };
    }
}

/** The first frame of a video; null if the browser cannot decode it. */
async function firstFrame(file) {
    if (!file) {
        return null;
    }

    const video = document.createElement('video');
    video.muted = true;
    video.preload = 'auto';
    video.src = URL.createObjectURL(file);
    try {
        await new Promise((resolve, reject) => {
            video.addEventListener('loadeddata', resolve);
            video.addEventListener('error', reject);
        });
        return video.videoWidth > 0 ? await createImageBitmap(video) : null;
    } catch {
        return null;
    } finally {
        URL.revokeObjectURL(video.src);
        video.removeAttribute('src');
    }
}
