// Where the picture comes from: the browser's own player, or frames that the server decodes. Both have the same shape.
import { call } from '../api.js';
import { element } from '../dom.js';

/** The browser's player. */
export class BrowserVideo {
    /** Whether the server decodes. */
    isFromServer = false;

    /**
     * @param {string} url Address of the video.
     * @param {{onFrame: (ms: number) => void, onState: () => void, onRefused: () => void, onError: () => void}} events
     *   onFrame: a frame is shown. onState: playing, duration or speed changed. onRefused: the browser cannot play it.
     *   onError: the video did not arrive.
     */
    constructor(url, events) {
        this.view = element('video', {
            src: url, preload: 'auto', playsInline: true, disablePictureInPicture: true, tabIndex: -1,
            'aria-label': 'Video',
        });
        this.events = events;
        const view = this.view;
        view.addEventListener('error', () =>
            view.error?.code === MediaError.MEDIA_ERR_NETWORK ? events.onError() : events.onRefused());

        // A browser without the codec plays the sound alone.
        view.addEventListener('loadedmetadata', () => view.videoWidth === 0 ? events.onRefused() : events.onState());
        for (const name of ['play', 'pause', 'ratechange', 'durationchange', 'ended', 'volumechange']) {
            view.addEventListener(name, events.onState);
        }

        if ('requestVideoFrameCallback' in view) {
            const show = (_, { mediaTime }) => {
                this.#isPresented = true;
                this.#shown = toMilliseconds(mediaTime);
                events.onFrame(this.#shown);
                view.requestVideoFrameCallback(show);
            };
            view.requestVideoFrameCallback(show);

            // A browser that does not draw at the moment presents no frame after a seek.
            view.addEventListener('seeking', () => { this.#isPresented = false; });
            view.addEventListener('seeked', () => {
                if (!this.#isPresented) {
                    this.#shown = Math.max(0, view.currentTime * 1000 - 0.5);
                    events.onFrame(this.#shown);
                }
            });
        } else {
            const show = () => {
                const now = toMilliseconds(view.currentTime);
                if (now !== this.#shown) {
                    this.#shown = now;
                    events.onFrame(now);
                }

                requestAnimationFrame(show);
            };
            requestAnimationFrame(show);
        }
    }

    #shown = 0;
    #isPresented = true;

    get milliseconds() {
        return this.view.seeking ? this.view.currentTime * 1000 : this.#shown;
    }

    get duration() {
        return Number.isFinite(this.view.duration) ? this.view.duration * 1000 : 0;
    }

    get isPlaying() {
        return !this.view.paused && !this.view.ended;
    }

    get speed() {
        return this.view.playbackRate;
    }

    set speed(rate) {
        this.view.playbackRate = rate;
    }

    get isMuted() {
        return this.view.muted;
    }

    set isMuted(isMuted) {
        this.view.muted = isMuted;
    }

    /** Width and height of the picture; null until it is known. */
    get size() {
        const { videoWidth: width, videoHeight: height } = this.view;
        return width > 0 && height > 0 ? { width, height } : null;
    }

    /** The browser knows its video; the job does not matter. */
    setJob() {
    }

    play() {
        this.view.play().catch(() => this.events.onState());
    }

    pause() {
        this.view.pause();
    }

    /**
     * Frame times are rounded up to milliseconds, so that the time of a frame shows that frame. The browser cuts
     * seconds to microseconds: without half a millisecond more, 8.2 becomes 8.199999, which is the frame before.
     */
    seek(milliseconds) {
        this.view.currentTime = (Math.max(0, milliseconds) + 0.5) / 1000;
    }

    close() {
        this.view.removeAttribute('src');
        this.view.load();
    }
}

/** Frames that the server decodes, one after the other, at the rate that it manages. */
export class ServerFrames {
    isFromServer = true;
    isMuted = true;
    speed = 1;

    #job;
    #events;
    #wanted = null;
    #isLoading = false;
    #isPlaying = false;
    #hasPicture = false;
    #times = [];

    constructor(job, events) {
        this.#job = job;
        this.#events = events;
        this.milliseconds = 0;
        this.view = element('canvas', { role: 'img', 'aria-label': 'Frame of the video' });
        this.seek(0);
    }

    get duration() {
        return Number.parseFloat(this.#job.video?.duration ?? '0') * 1000;
    }

    get isPlaying() {
        return this.#isPlaying;
    }

    /** Width and height of the picture; null until a frame has arrived. */
    get size() {
        return this.#hasPicture ? { width: this.view.width, height: this.view.height } : null;
    }

    setJob(job) {
        this.#job = job;
    }

    /** Frames shown in the last second. */
    get rate() {
        const since = performance.now() - 1000;
        this.#times = this.#times.filter(time => time >= since);
        return this.#times.length;
    }

    play() {
        this.#isPlaying = true;
        this.#events.onState();
        this.#run();
    }

    pause() {
        this.#isPlaying = false;
        this.#events.onState();
    }

    seek(milliseconds) {
        this.#wanted = Math.max(0, milliseconds);
        this.#load();
    }

    close() {
        this.#isPlaying = false;
        this.#wanted = null;
    }

    async #run() {
        let [clock, start] = [performance.now(), this.milliseconds];
        const step = 1000 / (this.#job.video?.frame_rate || 25);
        while (this.#isPlaying) {
            const elapsed = (performance.now() - clock) * this.speed;

            // At least the next frame; none twice.
            const next = Math.max(start + elapsed, this.milliseconds + step);
            if (next > this.duration) {
                this.pause();
                return;
            }

            const ahead = (next - start) / this.speed - (performance.now() - clock);
            if (ahead > 1) {
                await new Promise(resolve => setTimeout(resolve, ahead));
            }

            const before = this.milliseconds;
            this.#wanted = next;
            await this.#load();
            if (this.milliseconds < before || this.milliseconds > next + 2_000) {
                // The viewer moved on.
                [clock, start] = [performance.now(), this.milliseconds];
            }
        }
    }

    async #load() {
        if (this.#isLoading) {
            return;
        }

        this.#isLoading = true;
        try {
            while (this.#wanted !== null) {
                const milliseconds = this.#wanted;
                this.#wanted = null;
                const width = Math.min(1920, Math.ceil((this.view.clientWidth || 960) * Math.min(2, devicePixelRatio)));
                const frame = await call(`/v1/jobs/${this.#job.job_id}:getFrame`, {
                    query: { time: `${(milliseconds / 1000).toFixed(3)}s`, max_width: Math.ceil(width / 320) * 320 },
                });
                const bytes = Uint8Array.from(atob(frame.jpeg), letter => letter.charCodeAt(0));
                const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }));
                this.view.width = picture.width;
                this.view.height = picture.height;
                this.view.getContext('2d').drawImage(picture, 0, 0);
                picture.close();
                this.#hasPicture = true;
                this.milliseconds = frame.frame_timestamp_ms;
                this.#times.push(performance.now());
                this.#events.onFrame(this.milliseconds);
            }
        } catch (error) {
            this.pause();
            this.#events.onError(error);
        } finally {
            this.#isLoading = false;
        }
    }
}

/** The time of a frame as results have it: rounded up to milliseconds. The small part is the error of a double. */
const toMilliseconds = seconds => Math.max(0, Math.ceil(seconds * 1000 - 0.01));
