// Lanes of tracks, texts, shots and zones over time, on a canvas that paints only the lanes in view.
import { element } from '../dom.js';
import { clock } from '../format.js';
import { colorOf, shotColors, textColor, zoneColor } from './palette.js';

const laneHeight = 22;
const rulerHeight = 24;
const maxViewHeight = 320;
const minSpan = 500;
const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000];

/**
 * Makes the lanes of a job.
 * @returns {{name: string, kind: string, color: string, bars: {from: number, to: number, name: string}[]}[]}
 */
export function lanesOf({ objects, texts, shots }) {
    const lanes = [];
    if (shots.length > 0) {
        lanes.push({
            name: 'Shots', kind: 'shot', color: shotColors[0],
            bars: shots.map(shot => ({
                from: shot.first_timestamp_ms, to: shot.last_timestamp_ms, name: `Shot ${shot.number}`,
                color: shotColors[shot.number % 2],
            })),
        });
    }

    lanes.push(...shapeLanes(objects));

    // Tracks come in the order of their first frames, so that lanes of one moment are neighbours.
    for (const track of objects) {
        lanes.push(laneOf(track, `${track.label} ${track.track_id}`, 'object', colorOf(track.label)));
    }

    for (const track of texts) {
        lanes.push(laneOf(track, `“${track.text}”`, 'text', textColor));
    }

    return lanes;
}

function laneOf(track, name, kind, color) {
    const [from, to] = [track.first.frame_timestamp_ms, track.last.frame_timestamp_ms];
    return { name, kind, color, bars: [{ from, to, name }] };
}

/** A lane for each zone and each line. The time of several visits is shown as one from the first entry on. */
function shapeLanes(objects) {
    const lanes = new Map();
    const add = (name, bar) => {
        if (!lanes.has(name)) {
            lanes.set(name, { name, kind: 'zone', color: zoneColor, bars: [] });
        }

        lanes.get(name).bars.push(bar);
    };
    for (const track of objects) {
        const who = `${track.label} ${track.track_id}`;
        for (const visit of track.zone_visits) {
            const from = visit.first_timestamp_ms;
            add(`Zone ${visit.zone_id}`, { from, to: from + visit.duration_ms, name: `${who} in ${visit.zone_id}` });
        }

        for (const crossing of track.line_crossings) {
            const at = crossing.frame_timestamp_ms;
            const side = crossing.direction === 'CROSSING_DIRECTION_LEFT' ? 'to the left' : 'to the right';
            add(`Line ${crossing.line_id}`, { from: at, to: at, name: `${who} crosses ${crossing.line_id} ${side}` });
        }
    }

    return [...lanes.values()];
}

export class Timeline {
    #lanes = [];
    #duration = 1;
    #from = 0;
    #to = 1;
    #now = 0;
    #selected = -1;
    #isPending = false;
    #colors = null;

    /**
     * @param {HTMLElement} place Where the timeline goes.
     * @param {(ms: number) => void} onJump The viewer wants another time.
     */
    constructor(place, onJump) {
        this.onJump = onJump;
        this.canvas = element('canvas', { 'aria-hidden': 'true' });
        this.spacer = element('div', { class: 'lanes-height' });
        this.view = element(
            'div', {
                class: 'lanes', id: 'timeline', tabIndex: 0, role: 'group', data: { keys: '' },
                'aria-label': 'Timeline. Up and down choose a lane, Enter jumps to it, plus and minus zoom.',
            }, this.canvas, this.spacer);
        this.status = element('p', { class: 'sr', role: 'status' });
        this.tip = element(
            'p', { class: 'hint lane-name' },
            matchMedia('(pointer: coarse)').matches ? 'Tap to jump.' : 'Click to jump. Scroll with Ctrl to zoom.');
        place.append(this.view, this.status, this.tip);
        this.view.addEventListener('scroll', () => this.#plan());
        this.view.addEventListener('keydown', event => this.#onKey(event));
        this.view.addEventListener('click', event => this.#onClick(event));
        this.view.addEventListener('mousemove', event => this.#onMove(event));
        this.view.addEventListener('wheel', event => this.#onWheel(event), { passive: false });
        new ResizeObserver(() => this.#plan()).observe(this.view);
        const forget = () => {
            this.#colors = null;
            this.#plan();
        };
        matchMedia('(prefers-color-scheme: dark)').addEventListener('change', forget);
        new MutationObserver(forget).observe(document.documentElement, { attributeFilter: ['data-theme'] });
    }

    setLanes(lanes, duration) {
        const isWhole = this.#from === 0 && this.#to >= this.#duration;
        this.#lanes = lanes;
        this.#duration = Math.max(1, duration);
        this.#to = isWhole ? this.#duration : Math.min(this.#to, this.#duration);
        const height = rulerHeight + Math.max(1, lanes.length) * laneHeight + 2;
        this.spacer.style.height = `${height - 2}px`;
        this.view.style.height = `${Math.min(maxViewHeight, height)}px`;
        this.view.dataset.lanes = lanes.length;
        this.#plan();
    }

    /** Moves the playhead. The view follows it in time and, while the video plays, to the lanes that it meets. */
    setTime(milliseconds, isPlaying) {
        const hasMoved = milliseconds !== this.#now;
        this.#now = milliseconds;
        const span = this.#to - this.#from;
        if (hasMoved && span < this.#duration && (milliseconds < this.#from || milliseconds > this.#to)) {
            this.#move(milliseconds - span * 0.1);
        }

        if (isPlaying && this.view.scrollHeight > this.view.clientHeight) {
            this.#scrollToNow();
        }

        this.#plan();
    }

    #scrollToNow() {
        const isNow = ({ kind, bars }) =>
            kind !== 'shot' && bars.some(bar => bar.from <= this.#now && bar.to >= this.#now);
        const first = Math.ceil(this.view.scrollTop / laneHeight);
        const count = Math.floor((this.view.clientHeight - rulerHeight) / laneHeight);
        if (!this.#lanes.slice(first, first + count).some(isNow)) {
            const next = this.#lanes.findIndex(isNow);
            this.view.scrollTop = next >= 0 ? next * laneHeight : this.view.scrollTop;
        }
    }

    zoom(factor, around = this.#now) {
        const span = Math.min(this.#duration, Math.max(minSpan, (this.#to - this.#from) * factor));
        const share = Math.min(1, Math.max(0, (around - this.#from) / (this.#to - this.#from)));
        this.#to = this.#from + span;
        this.#move(around - span * share);
        this.#plan();
    }

    #move(from) {
        const span = this.#to - this.#from;
        this.#from = Math.min(Math.max(0, from), Math.max(0, this.#duration - span));
        this.#to = this.#from + span;
    }

    get #labelWidth() {
        return this.view.clientWidth < 520 ? 92 : 150;
    }

    #timeAt(x) {
        const width = this.view.clientWidth - this.#labelWidth;
        return this.#from + (x - this.#labelWidth) / width * (this.#to - this.#from);
    }

    #laneAt(y) {
        return Math.floor((y + this.view.scrollTop - rulerHeight) / laneHeight);
    }

    #placeOf(event) {
        const box = this.view.getBoundingClientRect();
        return [event.clientX - box.left, event.clientY - box.top];
    }

    #onClick(event) {
        const [x, y] = this.#placeOf(event);
        const lane = y > rulerHeight ? this.#lanes[this.#laneAt(y)] : undefined;
        if (lane) {
            this.#selected = this.#lanes.indexOf(lane);
        }

        // The name of a lane leads to its start.
        this.onJump(x < this.#labelWidth && lane ? lane.bars[0].from : Math.max(0, this.#timeAt(x)));
        this.#plan();
    }

    #onMove(event) {
        const [x, y] = this.#placeOf(event);
        const lane = y > rulerHeight ? this.#lanes[this.#laneAt(y)] : undefined;
        const time = this.#timeAt(x);
        const bar = lane?.bars.find(each => time >= each.from && time <= each.to);
        this.tip.textContent = [bar?.name ?? lane?.name, x >= this.#labelWidth ? clock(time, { hasParts: true }) : null]
            .filter(Boolean).join(' · ');
    }

    #onWheel(event) {
        if (event.ctrlKey || event.metaKey) {
            event.preventDefault();
            this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.#timeAt(this.#placeOf(event)[0]));
        } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
            event.preventDefault();
            const share = (event.deltaX || event.deltaY) / this.view.clientWidth;
            this.#move(this.#from + share * (this.#to - this.#from));
            this.#plan();
        }
    }

    #onKey(event) {
        const actions = {
            ArrowDown: () => this.#select(1),
            ArrowUp: () => this.#select(-1),
            Enter: () => this.#lanes[this.#selected] && this.onJump(this.#lanes[this.#selected].bars[0].from),
            ArrowLeft: () => this.onJump(Math.max(0, this.#now - 1000)),
            ArrowRight: () => this.onJump(this.#now + 1000),
            Home: () => this.onJump(0),
            '+': () => this.zoom(0.5),
            '-': () => this.zoom(2),
        };
        if (!event.ctrlKey && !event.metaKey && Object.hasOwn(actions, event.key)) {
            event.preventDefault();
            event.stopPropagation();
            actions[event.key]();
        }
    }

    #select(direction) {
        this.#selected = Math.min(Math.max(0, this.#selected + direction), this.#lanes.length - 1);
        const lane = this.#lanes[this.#selected];
        if (!lane) {
            return;
        }

        const top = this.#selected * laneHeight;
        const height = this.view.clientHeight - rulerHeight;
        this.view.scrollTop = Math.min(Math.max(this.view.scrollTop, top + laneHeight - height), top);
        const { from, to } = lane.bars[0];
        const [start, end] = [from, to].map(time => clock(time, { hasParts: true }));
        this.status.textContent = `${lane.name}, ${start} to ${end}`;
        this.tip.textContent = this.status.textContent;
        this.#plan();
    }

    #plan() {
        if (!this.#isPending) {
            this.#isPending = true;
            requestAnimationFrame(() => {
                this.#isPending = false;
                this.#paint();
            });
        }
    }

    #paint() {
        const [width, height] = [this.view.clientWidth, this.view.clientHeight];
        const ratio = Math.min(2, devicePixelRatio);
        if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
            this.canvas.width = Math.round(width * ratio);
            this.canvas.height = Math.round(height * ratio);
            this.canvas.style.width = `${width}px`;
            this.canvas.style.height = `${height}px`;
            this.spacer.style.marginTop = `${-height}px`;
        }

        this.#colors ??= colorsOf(this.view);
        const context = this.canvas.getContext('2d');
        const area = { left: this.#labelWidth, width: width - this.#labelWidth, height, total: width };
        const x = time => area.left + (time - this.#from) / (this.#to - this.#from) * area.width;
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, height);
        context.font = '12px system-ui, "Noto Sans", "DejaVu Sans", sans-serif';
        context.textBaseline = 'middle';
        this.#paintRuler(context, area, x);
        context.save();
        context.beginPath();
        context.rect(0, rulerHeight, width, height - rulerHeight);
        context.clip();
        const first = Math.floor(this.view.scrollTop / laneHeight);
        const last = Math.min(this.#lanes.length - 1, first + Math.ceil(height / laneHeight));
        for (let index = first; index <= last; index++) {
            this.#paintLane(context, area, x, index);
        }

        context.restore();
        if (this.#now >= this.#from && this.#now <= this.#to) {
            context.fillStyle = this.#colors.accent;
            context.fillRect(x(this.#now) - 1, 0, 2, height);
        }

        // What was painted, for scripts that check it: the number of lanes, and the time in view.
        this.view.dataset.painted = Math.max(0, last - first + 1);
        this.view.dataset.from = Math.round(this.#from);
        this.view.dataset.to = Math.round(this.#to);
    }

    #paintRuler(context, { left, width, height, total }, x) {
        const span = this.#to - this.#from;
        const step = steps.find(each => span / each <= Math.max(2, width / 90)) ?? span / 4;
        for (let time = Math.ceil(this.#from / step) * step; time <= this.#to; time += step) {
            context.fillStyle = this.#colors.line;
            context.fillRect(Math.round(x(time)), rulerHeight, 1, height);
            context.fillStyle = this.#colors.muted;
            const text = clock(time, { hasParts: step < 1000 });
            if (x(time) + context.measureText(text).width + 4 < total) {
                context.fillText(text, x(time) + 3, rulerHeight / 2);
            }
        }

        context.fillStyle = this.#colors.line;
        context.fillRect(0, rulerHeight - 1, total, 1);
        context.fillRect(left - 1, 0, 1, height);
    }

    #paintLane(context, { left, width, total }, x, index) {
        const lane = this.#lanes[index];
        const top = rulerHeight + index * laneHeight - this.view.scrollTop;
        if (index === this.#selected) {
            context.fillStyle = this.#colors.raised;
            context.fillRect(0, top, total, laneHeight);
        }

        context.fillStyle = this.#colors.text;
        context.fillText(fitted(context, lane.name, left - 16), 8, top + laneHeight / 2);
        for (const bar of lane.bars) {
            if (bar.to < this.#from || bar.from > this.#to) {
                continue;
            }

            const from = Math.max(left, x(bar.from));
            const to = Math.min(left + width, Math.max(x(bar.to), x(bar.from) + 4));
            context.fillStyle = bar.color ?? lane.color;
            context.beginPath();
            context.roundRect(from, top + 5, Math.max(2, to - from), laneHeight - 10, 3);
            context.fill();
            context.lineWidth = 1;
            context.strokeStyle = this.#colors.strong;
            context.stroke();
        }
    }
}

function fitted(context, text, width) {
    let shown = text.slice(0, 40);
    while (shown.length > 1 && context.measureText(shown).width > width) {
        shown = `${shown.slice(0, -2)}…`;
    }

    return shown;
}

function colorsOf(view) {
    // A canvas does not know light-dark(): a color of an element is what it means now.
    const probe = view.appendChild(document.createElement('span'));
    const read = name => {
        probe.style.color = `var(${name})`;
        return getComputedStyle(probe).color;
    };
    const colors = {
        text: read('--text'), muted: read('--muted'), line: read('--line'), strong: read('--line-strong'),
        raised: read('--raised'), accent: read('--accent'),
    };
    probe.remove();
    return colors;
}
