// The state of the server: queue, devices, nodes, drain and limits.

import { call, listAll, pollProblem } from './api.js';
import { byId, confirmed, element, poll, toast } from './dom.js';
import { ago, count, counted, moment, word } from './format.js';
import { nameOf, statusBadge, waitOf } from './job-row.js';

const isAdmin = byId('main').dataset.admin === 'true';
const shownJobs = 10;
let limits = [];

byId('find').addEventListener('input', showLimits);
byId('drain')?.addEventListener('submit', event => {
    event.preventDefault();
    drain();
});
byId('undrain')?.addEventListener('click', undrain);
poll(3_000, load);

async function load() {
    try {
        const [{ server_info: info }, running, pending, latest] = await Promise.all([
            call('/v1/serverInfo'), jobsWith('status = RUNNING'), jobsWith('status = PENDING'),
            jobsWith('status = COMPLETED', 1),
        ]);
        const dispatch = await dispatchOf(running[0] ?? pending[0] ?? latest[0]);
        showTiles(info, dispatch);
        showQueue(running, pending);
        if (isAdmin) {
            showDrain(info, dispatch);
            showNodes(await listAll('/v1/nodes', 'nodes', { limit: 200 }));
        }

        if (limits.length === 0) {
            limits = info.limits;
            showLimits();
        }

        byId('problem').hidden = true;
    } catch (failure) {
        byId('problem').textContent = pollProblem(failure);
        byId('problem').hidden = false;
    } finally {
        byId('tiles').setAttribute('aria-busy', 'false');
    }
}

async function jobsWith(filter, pageSize = shownJobs) {
    return (await call('/v1/jobs', { query: { filter, view: 'JOB_VIEW_BASIC', page_size: pageSize } })).jobs;
}

/** What the dispatcher does; the diagnosis of any job tells it. */
async function dispatchOf(job) {
    if (!job) {
        return null;
    }

    const answer = await call(`/v1/jobs/${job.job_id}:diagnose`).catch(() => null);
    return answer?.diagnosis.dispatch ?? null;
}

function showTiles(info, dispatch) {
    byId('version').textContent = [`version ${info.version}`, info.node_name].filter(Boolean).join(' · ');
    const { serving_instances: serving, known_instances: known } = info;
    byId('tiles').replaceChildren(
        tile('Running jobs', dispatch ? count(dispatch.running_jobs) : '0',
            dispatch ? `at most ${count(dispatch.max_running_jobs)} at once` : ''),
        tile('Pending jobs', dispatch ? count(dispatch.pending_jobs) : '0', ''),
        tile('InferenceServices', `${count(serving)} of ${count(known)}`,
            serving === 0 ? 'none is serving, so jobs wait' : 'serving'),
        tile('Devices', devicesInWords(info.devices), fallbacksInWords(info.devices), true),
        tile('Started', ago(info.started_at), moment(info.started_at), true));
}

/** "2 × CPU, 2 threads" */
function devicesInWords(devices) {
    const counts = new Map();
    for (const { description } of devices) {
        counts.set(description, (counts.get(description) ?? 0) + 1);
    }

    return [...counts].map(([name, number]) => number > 1 ? `${number} × ${name}` : name).join('; ') || '–';
}

/** Why a GPU is not used. */
const fallbacksInWords = devices =>
    [...new Set(devices.map(device => device.fallback_reason).filter(Boolean))].join(' ');

function tile(name, value, about, isWords = false) {
    return element(
        'dl', { class: 'tile' }, element('dt', {}, name),
        element('dd', { class: isWords ? 'words' : '' }, value, element('span', { class: 'about' }, about)));
}

function showQueue(running, pending) {
    // In the order in which they start.
    pending.sort((one, other) => (one.queue_state?.position ?? 0) - (other.queue_state?.position ?? 0));
    const jobs = [...running, ...pending].slice(0, shownJobs);
    byId('queue').replaceChildren(jobs.length === 0
        ? element('p', { class: 'muted' }, 'Nothing runs and nothing waits.')
        : element('ul', { class: 'queue' }, ...jobs.map(job => element(
            'li', {}, element('span', {}, statusBadge(job)),
            element('a', { href: `/web/jobs/${job.job_id}` }, nameOf(job)),
            element('span', { class: 'muted' }, job.status === 'JOB_STATUS_RUNNING'
                ? `${Math.floor((job.progress?.fraction ?? 0) * 100)} %`
                : waitOf(job.queue_state))))));
}

function showDrain(info, dispatch) {
    const texts = {
        DRAIN_STATE_NOT_DRAINING: 'The server accepts and starts jobs.',
        DRAIN_STATE_DRAINING: `The server is draining: ${counted(dispatch?.running_jobs ?? 0, 'job')} still running.`,
        DRAIN_STATE_DRAINED: 'Drained: no job runs, and none starts.',
    };
    byId('drain-state').textContent = texts[info.drain_state] ?? '';
    byId('undrain').hidden = info.drain_state === 'DRAIN_STATE_NOT_DRAINING';
    byId('drain').querySelector('.danger').disabled = info.drain_state === 'DRAIN_STATE_DRAINED';
}

async function drain() {
    const seconds = byId('grace').valueAsNumber;
    const isSure = await confirmed(
        'Drain this server?',
        `It starts no more jobs until you end the drain or restart it. Running jobs have ${
            counted(seconds, 'second')} to end.`,
        'Drain', { isDanger: true });
    if (!isSure) {
        return;
    }

    try {
        await call('/v1/server:drain', { method: 'POST', body: { timeout: `${seconds}s` } });
        toast('The server is draining');
        load();
    } catch (failure) {
        toast(failure.message, { isBad: true });
    }
}

async function undrain() {
    try {
        await call('/v1/server:undrain', { method: 'POST', body: {} });
        toast('The server starts jobs again');
        load();
    } catch (failure) {
        toast(failure.message, { isBad: true });
    }
}

function showNodes(nodes) {
    byId('nodes').replaceChildren(...nodes.map(node => {
        const isLive = node.state === 'NODE_STATE_LIVE';
        const drain = node.drain_state === 'DRAIN_STATE_NOT_DRAINING' ? [] : [word(node.drain_state, 'DRAIN_STATE')];
        const state = [word(node.state, 'NODE_STATE'), ...drain].join(', ');
        return element(
            'tr', {}, element('td', {}, node.node_name || node.node_id),
            element('td', {}, `${isLive ? '✓' : '✕'} ${state}`),
            element('td', { class: 'number' }, `${count(node.running_jobs)} of ${count(node.max_running_jobs)}`),
            element('td', {}, node.version),
            element('td', { class: 'number', title: moment(node.seen_at) }, ago(node.seen_at)));
    }));
}

function showLimits() {
    const wanted = byId('find').value.trim().toLowerCase();
    const found = limits.filter(limit => `${limit.option} ${limit.description}`.toLowerCase().includes(wanted));
    byId('limits').replaceChildren(...found.map(limit => element(
        'tr', {}, element('td', { class: 'mono' }, limit.option),
        element('td', { class: 'number', title: `${limit.value} ${limit.unit}` }, valueOf(limit)),
        element('td', {}, limit.description), element('td', {}, limit.source || 'default'))));
    byId('no-limit').hidden = found.length > 0 || limits.length === 0;
    byId('limits-table').hidden = !byId('no-limit').hidden;
}

/** "64 GiB" in place of 68719476736 bytes, if that is exact. */
function valueOf({ value, unit }) {
    const names = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
    let [number, index] = [Number(value), 0];
    while (unit === 'bytes' && number >= 1024 && number % 1024 === 0 && index < names.length - 1) {
        number /= 1024;
        index++;
    }

    return index > 0 ? `${number} ${names[index]}` : `${value} ${unit}`;
}
