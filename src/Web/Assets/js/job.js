// The job page: the video with its results, the timeline, distinct objects, and what is known about the job.
import { call, listAll, pollProblem } from './api.js';
import { byId, confirmed, element, toast, toastLater } from './dom.js';
import { ago, counted } from './format.js';
import { nameOf, notDone, statusBadge, statusOf } from './job-row.js';
import { downloadsView } from './job/downloads.js';
import { detailsView, diagnosisView, summaryView, warningsView } from './job/facts.js';
import { Player } from './job/player.js';
import { colorOf } from './job/palette.js';
import { startThumbnails } from './job/thumbnails.js';
import { lanesOf, Timeline } from './job/timeline.js';
import { TrackList } from './job/tracks.js';

/** Tracks of each kind that the page lists; exports have all. */
const maxTracks = 5_000;
const retryMilliseconds = 3_000;
const pauseMilliseconds = 1_500;
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const jobId = byId('job').dataset.job;
const may = document.getElementById('main').dataset;

let job;
let player;
let timeline;
let tracks;
let tracksStamp = '';

start();

async function start() {
    if (!idForm.test(jobId)) {
        tellNoJob(`“${jobId}” is not a job id. A job id looks like 123e4567-e89b-42d3-a456-426614174000.`);
        return;
    }

    while (!job) {
        try {
            ({ job } = await call(`/v1/jobs/${jobId.toLowerCase()}`));
        } catch (error) {
            tellNoJob(error.status === 404
                ? 'There is no job with this id. It may have been deleted, or it belongs to another tenant.'
                : pollProblem(error));
            if (!error.isTemporary) {
                return;
            }

            await delay(retryMilliseconds);
        }
    }

    build();
    showJob();
    follow();

    // Whatever the video does, the rest of the page does not wait for long.
    setTimeout(showRest, 2_000);
}

function tellNoJob(text) {
    byId('job').replaceChildren(
        element('p', { class: 'problem', role: 'alert' }, text),
        element('p', {}, element('a', { href: '/web/jobs' }, 'See all jobs')));
}

function build() {
    const lower = element('div', { class: 'job-lower' });
    const left = element('div', { class: 'job-main' });
    const side = element('div', { class: 'job-side' });
    byId('job').replaceChildren(section('', 'head'), element('div', { class: 'job-columns' }, left, side), lower);
    const view = element('div', { class: 'card video-card' });
    left.append(view);
    player = new Player(view, job, {
        onTime: (milliseconds, isPlaying) => {
            timeline.setTime(milliseconds, isPlaying);
            showAddress(milliseconds, isPlaying);
        },
        onFirst: showRest,
    });
    view.append(choices());
    const lanes = card('Timeline', 'timeline-card');
    left.append(lanes);
    const zooms = element('span', { class: 'end' });
    for (const [sign, name, factor] of [['−', 'Zoom out', 2], ['+', 'Zoom in', 0.5]]) {
        const button = element('button', { type: 'button', class: 'small', title: name, 'aria-label': name }, sign);
        button.addEventListener('click', () => timeline.zoom(factor));
        zooms.append(button);
    }

    lanes.firstChild.append(zooms);
    timeline = new Timeline(lanes, milliseconds => player.seek(milliseconds));
    side.append(card('Found', 'summary-card', section('', 'found')), card('Objects and texts', 'tracks-card'));
    tracks = new TrackList(side.lastChild, jobId, milliseconds => {
        player.seek(milliseconds);
        byId('player').scrollIntoView({ block: 'nearest' });
    });
    lower.append(
        card('Job', 'details-card', section('', 'details')), card('Downloads', 'downloads-card', section('', 'links')),
        card('State', 'state-card', section('', 'state')));
    startAtAddress();
    addEventListener('hashchange', startAtAddress);
    document.addEventListener('keydown', event => {
        if (event.key === '?' && !event.target.closest('input, select, textarea, dialog')) {
            event.preventDefault();
            byId('keys').showModal();
        }
    });
    byId('help').addEventListener('click', () => byId('keys').showModal());
}

/** #t=12.5 in the address is a time in seconds. */
function startAtAddress() {
    const time = Number.parseFloat(new URLSearchParams(location.hash.slice(1)).get('t'));
    if (Number.isFinite(time)) {
        player.startAt(time * 1000);
    }
}

/** The address leads back to this moment. */
function showAddress(milliseconds, isPlaying) {
    if (!isPlaying && milliseconds > 0) {
        history.replaceState(null, '', `#t=${(milliseconds / 1000).toFixed(3)}`);
    }
}

function choices() {
    const { shown } = player;
    const boxes = [['objects', 'Objects'], ['texts', 'Texts'], ['shapes', 'Zones']].map(([key, name]) => {
        const box = element('input', { type: 'checkbox', checked: true, id: `show-${key}` });
        box.addEventListener('change', () => {
            shown[key] = box.checked;
            player.refresh();
        });
        return element('label', { class: 'check', for: box.id }, box, name);
    });
    const value = element('output', { class: 'mono' }, '0%');
    const range = element('input', { type: 'range', min: 0, max: 100, step: 5, value: 0, id: 'min-confidence' });
    range.addEventListener('input', () => {
        shown.minConfidence = Number(range.value) / 100;
        value.textContent = `${range.value}%`;
        player.refresh();
    });
    return element(
        'div', { class: 'choices' }, ...boxes,
        element('label', { class: 'check', for: 'min-confidence' }, 'Minimum confidence', range, value),
        element('div', { class: 'labels', id: 'labels', role: 'group', 'aria-label': 'Labels' }));
}

function showLabels() {
    const labels = job.summary?.labels ?? [];
    byId('labels').replaceChildren(...labels.slice(0, 20).map(({ label }) => {
        const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
        dot.style.background = colorOf(label);
        const button = element(
            'button',
            { type: 'button', class: 'small chip', 'aria-pressed': String(!player.shown.hidden.has(label)) },
            dot, label);
        button.addEventListener('click', () => {
            const isHidden = player.shown.hidden.delete(label) ? false : !!player.shown.hidden.add(label);
            button.setAttribute('aria-pressed', String(!isHidden));
            player.refresh();
        });
        return button;
    }));
}

function showJob() {
    const name = nameOf(job);
    document.title = `${name} – ForegSyte`;
    document.querySelector('h1').textContent = name;
    const status = statusOf(job);
    const { progress } = job;
    byId('head').replaceChildren(
        statusBadge(job),
        element('span', { class: 'muted' }, `${job.pipeline_id} · submitted ${ago(job.created_at)}`),
        ...status === 'running'
            ? [
                element(
                    'progress',
                    { max: 1, value: progress?.fraction ?? 0, class: 'job-progress', 'aria-label': 'Progress' }),
                element(
                    'span', { class: 'muted' },
                    `${progress?.frames_done ?? 0} of ${counted(progress?.frames_total ?? 0, 'frame')}`),
            ]
            : [],
        element('span', { class: 'end' }, ...actions(status)));
    const problem = job.error_message ? [element('p', { class: 'problem' }, job.error_message)] : [];
    const summary = summaryView(job);
    const waiting = {
        completed: 'No summary.',
        failed: 'The job failed, so there is no summary.',
        cancelled: 'The job was cancelled, so there is no summary.',
    }[status] ?? 'The summary follows when the job is completed.';
    byId('found').replaceChildren(
        ...problem, ...summary.length > 0 ? summary : [element('p', { class: 'muted' }, waiting)],
        ...warningsView(job));
    byId('details').replaceChildren(detailsView(job));
    byId('links').replaceChildren(downloadsView(job));
    showLabels();
}

function actions(status) {
    const isEnded = isOver(job);
    const action = (name, done, run, style = '') => {
        const button = element('button', { type: 'button', class: `small ${style}` }, name);
        button.addEventListener('click', async () => {
            button.disabled = true;
            try {
                await run();
            } catch (error) {
                toast(notDone(error, nameOf(job), done), { isBad: true });
            } finally {
                button.disabled = false;
            }
        });
        return button;
    };
    const change = async verb => {
        ({ job } = await call(`/v1/jobs/${jobId}:${verb}`, { method: 'POST', body: {} }));
        showJob();
    };
    const remove = async () => {
        const isSure = await confirmed(
            'Delete this job?', `The video and the results of ${nameOf(job)} are deleted. This cannot be undone.`,
            'Delete', { isDanger: true });
        if (isSure) {
            await call(`/v1/jobs/${jobId}`, { method: 'DELETE' });
            toastLater(`${nameOf(job)} is deleted`);
            location.assign('/web/jobs');
        }
    };
    return may.submit
        ? [
            !isEnded && action('Cancel', 'cancelled', () => change('cancel')),
            (status === 'failed' || status === 'cancelled')
                && action('Retry', 'in the queue again', () => change('retry')),
            isEnded && action('Delete', 'deleted', remove, 'danger'),
        ].filter(Boolean)
        : [];
}

/** What may come after the first frame with its boxes. */
async function showRest() {
    startThumbnails();
    await Promise.allSettled([showTracks(), showState()]);
}

async function showTracks() {
    // A change of these lists shows in the progress of the job.
    const stamp = `${job.status} ${job.progress?.frames_done}`;
    if (stamp === tracksStamp) {
        return;
    }

    tracksStamp = stamp;
    try {
        const query = { page_size: 1000 };
        const path = `/v1/jobs/${jobId}`;
        const [objects, texts, shots] = await Promise.all([
            listAll(`${path}/objectTracks`, 'object_tracks', { query, limit: maxTracks }),
            listAll(`${path}/textTracks`, 'text_tracks', { query, limit: maxTracks }),
            listAll(`${path}/shots`, 'shots', { query, limit: maxTracks }),
        ]);
        const isLimited = objects.length >= maxTracks || texts.length >= maxTracks;
        tracks.setTracks({ objects, texts }, { isLimited, isEnded: isOver(job) });
        timeline.setLanes(lanesOf({ objects, texts, shots }), player.duration);
    } catch (error) {
        tracksStamp = '';
        tracks.note.hidden = false;
        tracks.note.textContent = error.message;
    }
}

async function showState() {
    const { diagnosis } = await call(`/v1/jobs/${jobId}:diagnose`);
    const open = new Set([...byId('state').querySelectorAll('details[open]')].map(each => each.dataset.title));
    byId('state').replaceChildren(...diagnosisView(diagnosis));
    for (const each of byId('state').querySelectorAll('details')) {
        each.open = open.has(each.dataset.title);
    }
}

/** Waits for changes of the job until it has ended, while the page is visible. */
async function follow() {
    while (true) {
        if (isOver(job) || document.hidden) {
            await delay(pauseMilliseconds);
            continue;
        }

        try {
            const before = job.etag;
            ({ job } = await call(`/v1/jobs/${jobId}:wait`, { query: { etag: before, timeout: '25s' } }));
            if (job.etag !== before) {
                showJob();
                player.setJob(job);
                await showRest();

                // A running job changes with each frame.
                await delay(pauseMilliseconds);
            }
        } catch (error) {
            if (error.status === 404) {
                toast('The job was deleted.', { isBad: true });
                return;
            }

            await delay(retryMilliseconds);
        }
    }
}

function card(title, id, ...children) {
    return element('section', { class: 'card', id }, element('div', { class: 'card-head' }, element('h2', {}, title)),
        ...children);
}

const isOver = ({ status }) =>
    ['JOB_STATUS_COMPLETED', 'JOB_STATUS_FAILED', 'JOB_STATUS_CANCELLED'].includes(status);

const delay = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

const section = (title, id) => element('div', { id, class: id === 'head' ? 'job-head' : null }, title || null);
