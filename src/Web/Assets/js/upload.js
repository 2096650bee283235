// Sends a file in parts. What has arrived is asked of the server, so that an upload continues after an interruption or
// a reload of the page.

import { ApiError, call } from './api.js';
import { crc32c } from './crc32c.js';

const partBytes = 2 * 1024 * 1024;
const parallelParts = 3;
const maxAttempts = 8;

// A server that is restarted or moved answers again within this time; later, Continue goes on.
const maxSilence = 15 * 60_000;
const maxPause = 8_000;
const prefix = 'foregsyte-upload:';

/** A version 4 UUID. crypto.randomUUID exists only under TLS and on the loopback. */
export function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    const text = [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join('');
    return text.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}

/** The uploads of this browser that have not become jobs. */
export function unfinishedUploads() {
    return Object.keys(localStorage).filter(key => key.startsWith(prefix)).map(key => ({ key, ...read(key) }));
}

/** Forgets an upload, on the server and here. */
export async function discard({ key, uploadId }) {
    if (uploadId) {
        await call(`/v1/uploads/${uploadId}`, { method: 'DELETE' }).catch(failure => {
            if (failure.status !== 404) {
                throw failure;
            }
        });
    }

    localStorage.removeItem(key);
}

/** The upload of one file. */
export class Upload {
    #key;
    #known;
    #stop = null;
    #received;

    /**
     * @param {File} file
     * @param {{onProgress: (received: number) => void, onTrouble: (failure: Error) => void}} events
     *   onProgress: the bytes that the server has. onTrouble: a call failed and is tried again.
     */
    constructor(file, { onProgress, onTrouble }) {
        this.file = file;
        this.onProgress = onProgress;
        this.onTrouble = onTrouble;
        this.#key = `${prefix}${file.name}:${file.size}:${file.lastModified}`;
        this.#known = read(this.#key) ?? {};
        this.#received = this.#known.received ?? 0;
    }

    /** Whether a part of the file was sent before. */
    get isKnown() {
        return this.#known.uploadId !== undefined;
    }

    /** What keeps this upload apart from others of this browser. */
    get key() {
        return this.#key;
    }

    /** Bytes that the server has, as far as this browser knows. */
    get received() {
        return this.#received;
    }

    /** What the form said when the upload was sent last; null if it was not. */
    get form() {
        return this.#known.form ?? null;
    }

    /** Keeps what the form says, for a continuation after a reload. */
    keepForm(form) {
        this.#remember({ form });
    }

    /** Forgets a file that the server refuses, here and there. */
    async abandon() {
        const { uploadId } = this.#known;
        this.#forget();
        await discard({ key: this.#key, uploadId }).catch(() => {
            // The server deletes it when it expires.
        });
    }

    /** Stops sending; send() then throws an AbortError. */
    pause() {
        this.#stop?.abort();
    }

    /** Id of the upload on the server, which begins if it has not. */
    async #begin() {
        if (this.#known.uploadId) {
            return this.#known.uploadId;
        }

        this.#remember({ name: this.file.name, size: this.file.size, requestId: this.#known.requestId ?? newId() });
        const body = { size_bytes: String(this.file.size), request_id: this.#known.requestId };
        const { upload } = await this.#again(
            () => call('/v1/uploads', { method: 'POST', body, signal: this.#stop.signal }), this.#stop.signal);
        this.#remember({ uploadId: upload.upload_id });
        return upload.upload_id;
    }

    /** Sends what the server does not have. */
    async send() {
        this.#stop = new AbortController();
        const { signal } = this.#stop;
        const id = await this.#begin();
        let upload;
        try {
            ({ upload } = await this.#again(() => call(`/v1/uploads/${id}`, { signal }), signal));
        } catch (failure) {
            if (failure.status !== 404) {
                throw failure;
            }

            // Expired, or aborted elsewhere.
            const { form } = this.#known;
            this.#forget();
            this.keepForm(form);
            return this.send();
        }

        this.#receive(Number(upload.received_bytes));
        const missing = missingParts(upload.ranges, this.file.size, Math.min(partBytes, upload.max_part_bytes));
        const work = async () => {
            for (let part = missing.shift(); part; part = missing.shift()) {
                await this.#sendPart(id, part, signal);
            }
        };
        try {
            await Promise.all(Array.from({ length: parallelParts }, work));
        } catch (failure) {
            this.#stop.abort();
            throw failure;
        }
    }

    /**
     * Makes the complete upload a job. A repetition after a lost answer returns the same job.
     * @param {object} request Fields of SubmitVideo, without source and request_id.
     */
    async submit(request) {
        const body = { ...request, upload_id: this.#known.uploadId };
        const text = JSON.stringify(body);
        if (this.#known.submitted !== text) {
            this.#remember({ submitted: text, submitId: newId() });
        }

        const send = () => call('/v1/jobs', { method: 'POST', body: { ...body, request_id: this.#known.submitId } });
        const { job } = await this.#again(send, null);
        this.#forget();
        return job;
    }

    async #sendPart(id, { start, end }, signal) {
        let bytes;
        try {
            bytes = new Uint8Array(await this.file.slice(start, end).arrayBuffer());
        } catch {
            throw new ApiError(400, 'The file cannot be read any more. Choose it again.');
        }

        const query = { crc32c: crc32c(bytes) };
        await this.#again(
            () => call(`/v1/uploads/${id}/parts/${start}`, { method: 'PUT', query, body: new Blob([bytes]), signal }),
            signal);
        this.#receive(this.#received + end - start);
    }

    #receive(count) {
        this.#received = count;
        this.#remember({ received: count });
        this.onProgress(count);
    }

    /** Repeats a call that failed for a while, longest if the server cannot be reached. */
    async #again(action, signal) {
        const start = Date.now();
        for (let attempt = 1; ; attempt++) {
            try {
                return await action();
            } catch (failure) {
                const isSilent = failure.status === 0;
                const canPass = failure.isTemporary || failure.reason === 'PART_CHECKSUM_MISMATCH';
                if (!canPass || (isSilent ? Date.now() - start > maxSilence : attempt >= maxAttempts)) {
                    throw failure;
                }

                this.onTrouble(failure);
                const pause = failure.retryAfter
                    ? failure.retryAfter * 1000
                    : Math.min(250 * 2 ** attempt, isSilent ? maxPause : Infinity);
                await pauseFor(pause, signal);
            }
        }
    }

    #remember(more) {
        this.#known = { ...this.#known, ...more };
        try {
            localStorage.setItem(this.#key, JSON.stringify(this.#known));
        } catch {
            // Without storage the upload cannot continue after a reload.
        }
    }

    #forget() {
        this.#known = {};
        localStorage.removeItem(this.#key);
    }
}

/** The parts of a file outside of the ranges that the server has. */
export function missingParts(ranges, size, maxBytes) {
    const parts = [];
    let at = 0;
    for (const range of [...ranges, { start: size, end: size }]) {
        for (; at < Number(range.start); at = parts.at(-1).end) {
            parts.push({ start: at, end: Math.min(at + maxBytes, Number(range.start)) });
        }

        at = Number(range.end);
    }

    return parts;
}

function read(key) {
    try {
        return JSON.parse(localStorage.getItem(key));
    } catch {
        return null;
    }
}

function pauseFor(milliseconds, signal) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, milliseconds);
        signal?.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(new DOMException('Paused', 'AbortError'));
        });
    });
}
