// The results around the playhead: pages of frames, a bounded number of them, found by time or by frame.
import { call } from '../api.js';

/** Size of a page: about 5 s of a video with 20 objects in each frame, parsed in a few milliseconds. */
const pageBytes = 131_072;
const maxPages = 12;
const maxSteps = 24;

/** Pages begin at multiples of this, so that the same place is fetched once. */
const alignment = 64;

/** How long before the end of what is known the next page is fetched. */
const aheadMilliseconds = 3_000;

export class ResultWindow {
    #job;
    #pages = [];
    #loading = null;
    #endFrame = Infinity;

    /**
     * @param {object} job The job.
     * @param {() => void} onChange Called when more results are known.
     * @param {(error: Error) => void} onError Called when results cannot be fetched.
     */
    constructor(job, onChange, onError) {
        this.#job = job;
        this.onChange = onChange;
        this.onError = onError;
    }

    /** Number of frames in memory. */
    get frameCount() {
        return this.#pages.reduce((sum, page) => sum + page.frames.length, 0);
    }

    /** Takes the changed job: results that ended at the last finished segment are fetched again. */
    setJob(job) {
        const isCompletedNow = job.status === 'JOB_STATUS_COMPLETED' && this.#job.status !== job.status;
        this.#job = job;
        this.#pages = isCompletedNow ? [] : this.#pages.filter(page => !page.isOpen);
        this.#endFrame = Infinity;

        // An answer that is under way is about the job as it was.
        this.#loading?.controller.abort();
        this.#loading = null;
    }

    /**
     * The results that belong to a time: null if there are none, undefined if that is not known yet.
     * @param {number} milliseconds Position of the player.
     */
    at(milliseconds) {
        const position = this.#pages.findLastIndex(page => page.firstMs <= milliseconds);
        if (position < 0) {
            return this.#pages[0]?.start === 0 ? null : undefined;
        }

        const page = this.#pages[position];
        if (milliseconds < page.lastMs || page.isLast || page.end >= this.#endFrame) {
            return search(page.frames, milliseconds);
        }

        const next = this.#pages[position + 1];
        return milliseconds === page.lastMs || next?.start <= page.end ? page.frames.at(-1) : undefined;
    }

    /** The latest analyzed frame at or before another one, for what only analyzed frames have. */
    analyzedBefore(frame) {
        for (const page of this.#pages) {
            const index = page.frames.indexOf(frame);
            if (index >= 0) {
                return page.frames.slice(0, index + 1).findLast(known => !known.isBetween) ?? null;
            }
        }

        return null;
    }

    /** Fetches what is missing at a time and soon after it; a later call for another time replaces this one. */
    want(milliseconds) {
        const isKnown = this.at(milliseconds) !== undefined;
        const target = isKnown ? this.#nextStart(milliseconds) : this.#guess(milliseconds);
        if (target === null) {
            return;
        }

        if (this.#loading) {
            if (isKnown || Math.abs(this.#loading.milliseconds - milliseconds) < aheadMilliseconds) {
                return;
            }

            this.#loading.controller.abort();
        }

        const loading = { milliseconds, controller: new AbortController() };
        this.#loading = loading;
        const end = () => {
            if (this.#loading === loading) {
                this.#loading = null;
            }
        };
        this.#load(milliseconds, target, isKnown, loading.controller.signal).then(
            () => {
                // First, because the viewer can be at a time by now that is still missing.
                end();
                this.onChange();
            },
            error => {
                end();
                if (error.name !== 'AbortError') {
                    this.onError(error);
                }
            });
    }

    async #load(milliseconds, start, isAhead, signal) {
        let from = start;
        for (let step = 0; step < maxSteps; step++) {
            const page = await this.#fetch(from, signal);
            signal.throwIfAborted();
            this.#add(page, milliseconds);
            if (isAhead || this.at(milliseconds) !== undefined) {
                return;
            }

            // The frame rate is only an average: go back in growing steps, or on to the next page.
            from = page.frames.length === 0 || page.firstMs > milliseconds
                ? Math.max(0, Math.min(from - (alignment << step), from - 1))
                : page.end;
        }
    }

    async #fetch(start, signal) {
        const isComplete = this.#job.status === 'JOB_STATUS_COMPLETED';
        const answer = await call(`/v1/jobs/${this.#job.job_id}/results`, {
            query: { start_frame: start, page_bytes: pageBytes, every_frame: isComplete || null },
            signal,
        });
        const frames = answer.results.map(compact);
        const hasMore = answer.next_page_token !== '';
        const isLast = answer.complete ? !hasMore : frames.length === 0 || frames.at(-1).index + 1 >= answer.end_frame;
        if (isLast && frames.length === 0) {
            this.#endFrame = Math.min(this.#endFrame, start);
        }

        return {
            start,
            frames,
            isLast,
            isOpen: isLast && !answer.complete,
            end: endOf(frames, start, isLast),
            firstMs: frames[0]?.ms ?? Infinity,
            lastMs: frames.at(-1)?.ms ?? Infinity,
        };
    }

    #add(page, milliseconds) {
        this.#pages = this.#pages.filter(known => known.start !== page.start);
        if (page.frames.length > 0 || page.start === 0) {
            this.#pages.push(page);
        }

        this.#pages.sort((a, b) => a.start - b.start);
        while (this.#pages.length > maxPages) {
            const distance = known => Math.max(known.firstMs - milliseconds, milliseconds - known.lastMs);
            const farthest = this.#pages.reduce((a, b) => distance(b) > distance(a) ? b : a);
            this.#pages.splice(this.#pages.indexOf(farthest), 1);
        }
    }

    /** The first frame after what is known around a time; null if enough is known. */
    #nextStart(milliseconds) {
        let page = this.#pages.findLast(known => known.firstMs <= milliseconds);
        while (page) {
            if (page.isLast || page.end >= this.#endFrame || page.lastMs > milliseconds + aheadMilliseconds) {
                return null;
            }

            const next = this.#pages.findLast(known => known.start <= page.end && known.end > page.end);
            if (!next) {
                return page.end;
            }

            page = next;
        }

        return null;
    }

    /** A frame near a time: between the nearest known frames, otherwise by the average frame rate. */
    #guess(milliseconds) {
        const rate = this.#job.video?.frame_rate || 25;
        const before = this.#pages.findLast(page => page.lastMs <= milliseconds)?.frames.at(-1);
        const after = this.#pages.find(page => page.firstMs > milliseconds && page.firstMs < Infinity)?.frames[0];
        const frame = before && after
            ? before.index + (after.index - before.index) * (milliseconds - before.ms) / (after.ms - before.ms)
            : milliseconds * rate / 1000;
        const last = Math.max(0, (this.#job.video?.frame_count ?? 1) - 1);
        return Math.floor(Math.min(Math.max(0, frame - 2), last) / alignment) * alignment;
    }
}

/**
 * Where the next page begins. A page that the server begins between analyzed frames has no boxes for them, so the next
 * one begins at the last analyzed frame of this one.
 */
function endOf(frames, start, isLast) {
    const last = frames.at(-1)?.index ?? start - 1;
    const analyzed = frames.findLast(frame => !frame.isBetween)?.index ?? start;
    return isLast || analyzed <= Math.max(start, frames[0]?.index ?? start) ? last + 1 : Math.min(analyzed, last + 1);
}

/** What the page needs of a FrameResult. */
function compact({ frame_index: index, frame_timestamp_ms: ms, result, damaged }) {
    const { detections, text_regions: texts, interpolated_detections: between } = result;
    return {
        index,
        ms,
        damaged,
        isBetween: detections.length === 0 && texts.length === 0 && between.length > 0,
        objects: [
            ...detections.map(found => objectOf(found, false)),
            ...between.map(found => objectOf(found, true)),
        ],
        texts: texts.map(found => ({
            text: found.text, confidence: found.confidence, polygon: found.polygon, trackId: found.track_id,
        })),
    };
}

const objectOf = ({ label, confidence, box, track_id: trackId }, isBetween) =>
    ({ label, confidence, trackId, isBetween, x: box.x, y: box.y, width: box.width, height: box.height });

/** The last frame that is not after a time. */
function search(frames, milliseconds) {
    let [low, high] = [0, frames.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        [low, high] = frames[middle].ms <= milliseconds ? [middle + 1, high] : [low, middle];
    }

    return frames[low - 1] ?? null;
}
