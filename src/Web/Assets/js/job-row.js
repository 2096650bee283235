// One job: its row in a list, and what can be done with it.

import { call } from './api.js';
import { confirmed, element, toast } from './dom.js';
import { ago, clock, count, counted, moment, tagInWords, word } from './format.js';

const canChange = document.getElementById('main').dataset.submit === 'true';
const seesTenants = document.getElementById('main').dataset.admin === 'true';

/** "completed" */
export const statusOf = job => word(job.status, 'JOB_STATUS');

/** What people call the job. */
export const nameOf = job => job.display_name || `Job ${job.job_id.slice(0, 8)}`;

/** The status with icon, word and color. */
export function statusBadge(job) {
    const status = statusOf(job);
    return element('span', { class: 'status', data: { status } }, status[0].toUpperCase() + status.slice(1));
}

/** A row of the list. */
export function makeRow(job) {
    return element(
        'li', { data: { id: job.job_id } },
        element('div', {}, statusBadge(job)),
        element(
            'div', { class: 'job-name' },
            element('a', { href: `/web/jobs/${job.job_id}` }, nameOf(job)),
            element(
                'div', { class: 'job-about' },
                element('span', { class: 'mono', title: job.job_id }, job.job_id.slice(0, 8)),
                element('span', {}, job.pipeline_id),
                seesTenants && job.tenant ? element('span', { title: 'Tenant' }, job.tenant) : null,
                ...Object.entries(job.tags).map(([key, value]) => tagButton(key, value)))),
        element('div', { class: 'job-state' }, ...stateOf(job)),
        timeOf(job.created_at),
        element('div', { class: 'job-actions' }, ...actionsOf(job)));
}

/** Rewrites the times of a list, which age. */
export function updateTimes(list) {
    for (const time of list.querySelectorAll('time')) {
        time.textContent = ago(time.dateTime);
    }
}

/** Cancels a job; whether it changed. */
export async function cancel(job) {
    return await confirmed(
        'Cancel this job?', `${nameOf(job)} stops. What it finished so far is kept for a retry.`, 'Cancel the job')
        && post(job, 'cancel', 'cancelled');
}

/** Puts a failed or cancelled job back into the queue; whether it changed. */
export function retry(job) {
    return post(job, 'retry', 'in the queue again');
}

/** Deletes a job with its video and results; whether it changed. */
export async function remove(job) {
    return await confirmed(
        'Delete this job?', `The video and the results of ${nameOf(job)} are deleted. This cannot be undone.`,
        'Delete', { isDanger: true })
        && change(() => call(`/v1/jobs/${job.job_id}`, { method: 'DELETE' }), nameOf(job), 'deleted');
}

function post(job, verb, done) {
    return change(() => call(`/v1/jobs/${job.job_id}:${verb}`, { method: 'POST', body: {} }), nameOf(job), done);
}

async function change(action, name, done) {
    try {
        await action();
        toast(`${name} is ${done}`);
        return true;
    } catch (failure) {
        toast(notDone(failure, name, done), { isBad: true });
        return false;
    }
}

/** What to say when a job could not be changed. */
export const notDone = (failure, name, done) => failure.status === 0
    ? `It is not known whether ${name} is ${done}: the server did not answer. Reload the page when it answers.`
    : failure.message;

function tagButton(key, value) {
    const text = tagInWords(key, value);
    return element(
        'button',
        { type: 'button', class: 'tag', title: `Show only jobs with ${text}`, data: { filterTag: text } }, text);
}

function timeOf(time) {
    return element('time', { class: 'job-time', dateTime: time, title: moment(time) }, ago(time));
}

function stateOf(job) {
    switch (job.status) {
        case 'JOB_STATUS_PENDING':
            return [element('div', { class: 'detail' }, waitOf(job.queue_state))];
        case 'JOB_STATUS_RUNNING':
            return [progressOf(job)];
        case 'JOB_STATUS_COMPLETED':
            return [element('div', { class: 'detail' }, foundIn(job))];
        case 'JOB_STATUS_FAILED':
            return [element('div', { class: 'detail', title: job.error_message }, job.error_message)];
        default:
            return [];
    }
}

/** Why a pending job waits. */
export function waitOf(state) {
    switch (state?.reason) {
        case 'WAIT_REASON_QUEUED':
            return state.position === 1 ? 'Next in the queue' : `Number ${count(state.position)} in the queue`;
        case 'WAIT_REASON_BACK_OFF':
            return `An attempt failed; the next starts ${ago(state.next_attempt_at)}`;
        case 'WAIT_REASON_NO_INFERENCE_SERVICE':
            return 'Waits: no InferenceService is serving';
        case 'WAIT_REASON_DRAINING':
            return 'Waits: the server is draining; the job runs after the drain or a restart';
        case 'WAIT_REASON_STORAGE_UNREADABLE':
            return 'Waits: no InferenceService can read the stored video. Ask the operator to check Video:AllowedRoots';
        default:
            return 'Waits';
    }
}

function progressOf(job) {
    const { fraction = 0, frames_total: total = 0, frames_done: done = 0 } = job.progress ?? {};
    const percent = Math.floor(fraction * 100);
    return element(
        'div', { class: 'bar', title: total > 0 ? `${count(done)} of ${counted(total, 'frame')}` : '' },
        element('progress', { max: 1, value: fraction, 'aria-label': `Progress of ${nameOf(job)}` }),
        element('span', {}, `${percent} %`));
}

/** What a completed job found, most frequent first. */
function foundIn(job) {
    if (!job.summary) {
        return '';
    }

    // Distinct objects; of a pipeline that follows none, detections.
    const followed = job.summary.labels.filter(({ track_count: tracks }) => tracks > 0);
    const objects = followed.length > 0
        ? followed.map(({ label, track_count: tracks }) => `${count(tracks)} × ${label}`)
        : job.summary.labels.map(({ label, detection_count: number }) =>
            counted(number, `detection of ${label}`, `detections of ${label}`));
    const texts = job.summary.text_track_count || job.summary.texts.length;
    const parts = objects.slice(0, 4);
    if (objects.length > parts.length) {
        parts.push(`${counted(objects.length - parts.length, 'more label')}`);
    }

    if (texts > 0) {
        parts.push(counted(texts, 'text'));
    }

    const length = job.video ? `${clock(parseFloat(job.video.duration) * 1000)} · ` : '';
    return length + (parts.length > 0 ? parts.join(', ') : 'nothing found');
}

function actionsOf(job) {
    const isOver = !['JOB_STATUS_PENDING', 'JOB_STATUS_RUNNING'].includes(job.status);
    const button = (action, text) => element(
        'button',
        { type: 'button', class: 'quiet small', 'aria-label': `${text} ${nameOf(job)}`, data: { action } }, text);
    const download = (path, text, what) => element(
        'a', {
            class: 'button quiet small', href: `/v1/jobs/${job.job_id}/${path}`, download: '',
            'aria-label': `Download ${what} of ${nameOf(job)}`, title: `Download ${what}`,
        },
        text);
    return [
        download('video', 'Video', 'the video'),
        ...job.status === 'JOB_STATUS_COMPLETED' ? [download('annotatedVideo', 'Annotated', 'the annotated copy')] : [],
        ...canChange
            ? isOver
                ? [
                    ...job.status === 'JOB_STATUS_COMPLETED' ? [] : [button('retry', 'Retry')],
                    button('delete', 'Delete'),
                ]
                : [button('cancel', 'Cancel')]
            : [],
    ];
}
