// The picture with its overlay and controls.
import { element } from '../dom.js';
import { clock, counted } from '../format.js';
import { icon } from './icons.js';
import { drawList, paint } from './overlay.js';
import { ResultWindow } from './results.js';
import { BrowserVideo, ServerFrames } from './sources.js';

const speeds = [0.25, 0.5, 1, 1.5, 2, 4];
const skipMilliseconds = 5_000;

export class Player {
    #job;
    #source = null;
    #items = [];
    #shapes = { zones: [], lines: [] };
    #isFirst = true;

    /** Why the server gave no frame; empty if it gave the last one. */
    #frameProblem = '';

    /**
     * @param {HTMLElement} place Where the player goes.
     * @param {object} job The job; its video may not be probed yet.
     * @param {{onTime: (ms: number, isPlaying: boolean) => void, onFirst: () => void}} events
     *   onTime: another frame is shown. onFirst: the first frame is shown with what was found in it.
     */
    constructor(place, job, events) {
        this.#job = job;
        this.events = events;
        this.shown = { objects: true, texts: true, shapes: true, minConfidence: 0, hidden: new Set() };
        this.results = new ResultWindow(job, () => this.#draw(), error => this.#tell(error.message));
        this.#build(place);
        this.#useBrowser();
        this.#setShape();
        new ResizeObserver(() => this.#resize()).observe(this.canvas);
        document.addEventListener('keydown', event => this.#onKey(event));
    }

    get milliseconds() {
        return this.#source.milliseconds;
    }

    get duration() {
        return this.#source.duration || Number.parseFloat(this.#job.video?.duration ?? '0') * 1000;
    }

    /** Takes the changed job. */
    setJob(job) {
        this.#job = job;
        this.results.setJob(job);
        this.#source.setJob(job);
        if (this.#source.isFromServer && this.message.dataset.about === 'server') {
            this.#tellServer();
        }

        this.#setShape();
        this.refresh();
    }

    /** Draws again, after a change of what is shown. */
    refresh() {
        this.#draw();
        this.#showState();
    }

    seek(milliseconds) {
        const end = Math.max(0, this.duration - 1);
        this.#source.seek(Math.min(Math.max(0, milliseconds), end || milliseconds));
    }

    toggle() {
        if (this.#source.isPlaying) {
            this.#source.pause();
        } else if (this.#source.isFromServer && !this.duration) {
            this.#tellServer();
        } else {
            this.#source.play();
        }
    }

    /** Shows the next or previous frame. */
    step(direction) {
        this.#source.pause();
        const length = 1000 / (this.#job.video?.frame_rate || 25);
        this.seek(this.milliseconds + direction * length + (direction > 0 ? 1 : 0));
    }

    #build(place) {
        this.canvas = element('canvas', { id: 'overlay', 'aria-hidden': 'true' });
        this.stage = element('div', { class: 'stage' }, this.canvas);
        this.message = element('p', { class: 'stage-message', role: 'status', hidden: true });
        this.playButton = button('play', 'Play', () => this.toggle(), 'k');
        this.muteButton = button('sound', 'Sound', () => { this.#source.isMuted = !this.#source.isMuted; });
        this.slider = element('input', {
            type: 'range', class: 'seek', min: 0, max: 0, step: 1, value: 0, 'aria-label': 'Position',
        });
        this.slider.addEventListener('input', () => this.seek(Number(this.slider.value)));
        this.time = element('span', { class: 'time mono' });
        this.speed = element(
            'select', { class: 'speed', 'aria-label': 'Speed' },
            ...speeds.map(rate => element('option', { value: rate, selected: rate === 1 }, `${rate}×`)));
        this.speed.addEventListener('change', () => { this.#source.speed = Number(this.speed.value); });
        this.frame = element('span', { class: 'frame muted' });
        const full = button('full', 'Full screen', () => document.fullscreenElement
            ? document.exitFullscreen()
            : this.whole.requestFullscreen());
        this.whole = element(
            'div', { class: 'player', id: 'player' }, this.stage, this.message,
            element(
                'div', { class: 'controls' }, this.playButton,
                button('previous', 'Previous frame', () => this.step(-1), ','),
                button('next', 'Next frame', () => this.step(1), '.'),
                this.slider, this.time, this.speed, this.muteButton, full));
        place.append(this.whole, element('p', { class: 'hint below' }, this.frame));
        this.stage.addEventListener('click', () => this.toggle());
    }

    #useBrowser() {
        this.#use(new BrowserVideo(`/v1/jobs/${this.#job.job_id}/video`, {
            onFrame: ms => this.#onFrame(ms),
            onState: () => {
                this.#setShape();
                this.#showState();
                this.events.onTime(this.milliseconds, this.#source.isPlaying);
            },
            onRefused: () => this.#useServer(),
            onError: () => this.#tell('The video could not be loaded. Check the connection, and reload the page.'),
        }));
    }

    #useServer() {
        const position = this.#source.milliseconds || this.#start || 0;
        this.#source.close();
        this.#use(new ServerFrames(this.#job, {
            onFrame: ms => {
                this.#setFrameProblem('');
                this.#setShape();
                this.#onFrame(ms);
            },
            onState: () => this.#showState(),
            onError: error => this.#setFrameProblem(error.message),
        }));
        this.whole.dataset.mode = 'server';
        this.#tellServer();
        if (position > 0) {
            this.seek(position);
        }
    }

    #setFrameProblem(problem) {
        if (this.#frameProblem !== problem) {
            this.#frameProblem = problem;
            this.#tellServer();
        }
    }

    #tellServer() {
        const { video, status } = this.#job;
        const isOver = ['JOB_STATUS_FAILED', 'JOB_STATUS_CANCELLED'].includes(status);
        this.#tell(
            `This browser cannot play the video${codecOf(this.#job)}. The server decodes its frames, without sound.`
            + (video ? '' : isOver
                ? ' The length of the video is not known, so it shows one frame and cannot be played.'
                : ' It can be played as soon as the job has started: then the length of the video is known.')
            + (this.#frameProblem && ` The frame could not be loaded: ${this.#frameProblem}`));
        this.message.dataset.about = 'server';
    }

    /** Where the viewer wants to begin; kept until the video is ready. */
    #start = 0;

    startAt(milliseconds) {
        this.#start = milliseconds;
        this.#source.seek(milliseconds);
    }

    #use(source) {
        this.#source?.view.remove();
        this.#source = source;
        this.stage.prepend(source.view);
        source.speed = Number(this.speed.value);
        this.muteButton.hidden = source.isFromServer;
        this.#showState();
    }

    #tell(text) {
        this.message.textContent = text;
        delete this.message.dataset.about;
        this.message.hidden = false;
    }

    #setShape() {
        const { video, options } = this.#job;
        const pixels = video?.pixel_aspect_ratio ?? { width: 1, height: 1 };
        const size = this.#source.size;
        const ratio = video ? video.width / video.height * pixels.width / pixels.height
            : size ? size.width / size.height
            : 16 / 9;
        this.stage.style.aspectRatio = String(ratio);
        this.stage.style.setProperty('--ratio', String(ratio));
        this.#shapes = { zones: options?.zones ?? [], lines: options?.lines ?? [] };
    }

    #resize() {
        const ratio = Math.min(2, devicePixelRatio);
        this.canvas.width = Math.round(this.canvas.clientWidth * ratio);
        this.canvas.height = Math.round(this.canvas.clientHeight * ratio);
        this.#draw();
    }

    #onFrame(milliseconds) {
        this.#draw();
        this.#showState();
        this.events.onTime(milliseconds, this.#source.isPlaying);
    }

    #draw() {
        if (!this.#source || !this.#job.video) {
            return;
        }

        const now = this.#source.milliseconds;
        this.results.want(now);
        const frame = this.results.at(now);
        const analyzed = frame?.isBetween ? this.results.analyzedBefore(frame) : frame;
        this.#items = drawList(frame, analyzed ?? null, now, this.shown, holdOf(this.#job));
        paint(
            this.canvas, this.#items, this.#job.video, this.shown.shapes ? this.#shapes : { zones: [], lines: [] });

        // What is on the canvas, for scripts that compare it with the results.
        this.canvas.drawn = { milliseconds: now, frame: frame?.index ?? null, items: this.#items };
        this.canvas.dataset.frame = frame ? frame.index : frame === null ? 'none' : 'unknown';
        this.frame.textContent = describe(frame, this.#items, this.#job);
        if (frame !== undefined && this.#isFirst) {
            this.#isFirst = false;
            performance.mark('first-overlay');
            this.events.onFirst();
        }
    }

    #showState() {
        const source = this.#source;
        const name = source.isPlaying ? 'Pause' : 'Play';
        if (this.playButton.ariaLabel !== name) {
            this.playButton.replaceChildren(icon(name.toLowerCase()));
            this.playButton.ariaLabel = name;
            this.playButton.title = `${name} (k)`;
        }

        if (this.muteButton.ariaPressed !== String(source.isMuted)) {
            this.muteButton.replaceChildren(icon(source.isMuted ? 'muted' : 'sound'));
            this.muteButton.ariaPressed = String(source.isMuted);
        }

        this.slider.max = String(Math.max(1, Math.round(this.duration)));
        this.slider.value = String(Math.round(source.milliseconds));
        const text = `${clock(source.milliseconds, { hasParts: true })} / ${clock(this.duration)}`;
        this.slider.setAttribute('aria-valuetext', text);
        this.time.textContent = source.isFromServer && source.isPlaying ? `${text} · ${source.rate}/s` : text;
    }

    #onKey(event) {
        const isTyping = event.target.closest('input:not([type=range], [type=checkbox]), select, textarea, dialog');
        if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }

        const isOnControl = event.target.closest('button, a, input, summary, [data-keys]');
        const actions = {
            k: () => this.toggle(),
            j: () => this.seek(this.milliseconds - skipMilliseconds),
            l: () => this.seek(this.milliseconds + skipMilliseconds),
            ',': () => this.step(-1),
            '.': () => this.step(1),
            ...isOnControl ? {} : {
                ' ': () => this.toggle(),
                ArrowLeft: () => this.seek(this.milliseconds - 1000),
                ArrowRight: () => this.seek(this.milliseconds + 1000),
            },
        };
        if (Object.hasOwn(actions, event.key)) {
            event.preventDefault();
            actions[event.key]();
        }
    }
}

function describe(frame, items, job) {
    const isRunning = job.status === 'JOB_STATUS_RUNNING';
    if (frame === undefined && (isRunning || job.status === 'JOB_STATUS_COMPLETED')) {
        return 'Results are loading…';
    }

    if (!frame) {
        return isRunning ? 'No results at this time yet.' : 'No results at this time.';
    }

    const texts = items.filter(item => item.kind === 'text').length;
    const found = `${counted(items.length - texts, 'object')}, ${counted(texts, 'text')}`;
    return `Frame ${frame.index}: ${found}${frame.isBetween ? ' (between analyzed frames)' : ''}`
        + (frame.damaged ? ' – the picture is damaged' : '');
}

/** Twice the time between analyzed frames. */
function holdOf({ video, options }) {
    const rate = video.frame_rate || 25;
    const stride = options?.frames_per_second > 0
        ? Math.max(1, Math.round(rate / options.frames_per_second))
        : Math.max(1, options?.frame_stride ?? 1);
    return Math.max(250, 2_000 * stride / rate);
}

const codecOf = job => job.video?.codec ? ` (${job.video.codec})` : '';

function button(sign, name, action, key = null) {
    const title = key ? `${name} (${key})` : name;
    const made = element('button', { type: 'button', class: 'quiet', title, 'aria-label': name }, icon(sign));
    made.addEventListener('click', action);
    return made;
}
