// The list of jobs: filters, polling, actions and keys.

import { call, pollProblem, quoted } from './api.js';
import { byId, element, poll, showLateToast } from './dom.js';
import { cancel, makeRow, nameOf, remove, retry, statusOf, updateTimes } from './job-row.js';

const pageSize = 25;
const pollMilliseconds = 2_000;
const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

// The first digits of a job id are enough, as on the command line.
const digitsForm = /^[0-9a-f]{4,32}$/i;

const filters = byId('filters');
const list = byId('list');
const rows = new Map();

// Tokens of the pages before this one and of this one; the first has none.
let tokens = [''];
let nextToken = '';
let filter = '';
let generation = 0;
let isFirst = true;

restoreFilters();
showLateToast();
const refresh = poll(pollMilliseconds, () => load(generation));
setInterval(() => updateTimes(list), 10_000);

filters.addEventListener('input', debounced(restart));
filters.addEventListener('reset', () => setTimeout(restart));
filters.addEventListener('submit', event => event.preventDefault());
byId('next').addEventListener('click', () => turn(() => tokens.push(nextToken)));
byId('previous').addEventListener('click', () => turn(() => tokens.pop()));
byId('help').addEventListener('click', () => byId('keys').showModal());
document.addEventListener('keydown', onKey);
list.addEventListener('click', event => {
    const { action, filterTag } = event.target.closest('button')?.dataset ?? {};
    const row = event.target.closest('li');
    if (filterTag) {
        filters.elements.tag.value = filterTag;
        restart();
    } else if (action && row) {
        act(action, rows.get(row.dataset.id).job);
    }
});

async function load(asked) {
    try {
        // The whole jobs once, for what was found; polls need less.
        const view = isFirst ? 'JOB_VIEW_FULL' : 'JOB_VIEW_BASIC';
        const page = await read(view);
        if (asked !== generation) {
            return;
        }

        isFirst = false;
        nextToken = page.next_page_token;
        show(page.jobs, view);
        byId('problem').hidden = true;
    } catch (failure) {
        if (asked === generation) {
            byId('problem').textContent = pollProblem(failure);
            byId('problem').hidden = false;
            list.querySelector('.loading')?.remove();
        }
    } finally {
        list.setAttribute('aria-busy', 'false');
    }
}

async function read(view) {
    const text = filters.elements.text.value.trim();
    if (!idForm.test(text)) {
        return call('/v1/jobs', { query: { filter, view, page_size: pageSize, page_token: tokens.at(-1) } });
    }

    try {
        const { job } = await call(`/v1/jobs/${text.toLowerCase()}`);
        return { jobs: [job], next_page_token: '' };
    } catch (failure) {
        if (failure.status !== 404) {
            throw failure;
        }

        return { jobs: [], next_page_token: '' };
    }
}

/** Changes only the rows that differ, so that focus and selection stay. */
function show(jobs, view) {
    byId('pages').hidden = tokens.length === 1 && !nextToken;
    byId('previous').disabled = tokens.length === 1;
    byId('next').disabled = !nextToken;
    byId('summary').textContent = tokens.length > 1 ? `page ${tokens.length}` : '';
    if (jobs.length === 0) {
        rows.clear();
        list.replaceChildren(emptyState());
        return;
    }

    let items = list.querySelector('ul');
    if (!items) {
        items = element('ul', { id: 'rows' });
        list.replaceChildren(items);
    }

    const shown = new Set(jobs.map(job => job.job_id));
    for (const [id, row] of rows) {
        if (!shown.has(id)) {
            row.item.remove();
            rows.delete(id);
        }
    }

    jobs.forEach((job, index) => place(items, job, index, view));
}

function place(items, job, index, view) {
    const known = rows.get(job.job_id);
    if (known && view === 'JOB_VIEW_BASIC') {
        [job.summary, job.video] = [known.job.summary, known.job.video];
    }

    const signature = JSON.stringify([job.etag, job.queue_state, job.progress, job.summary]);
    let item = known?.item;
    if (known?.signature !== signature) {
        item = makeRow(job);
        if (known) {
            const focused = known.item.contains(document.activeElement) ? document.activeElement : null;
            known.item.replaceWith(item);
            restoreFocus(item, focused);
            announce(known.job, job);
        }

        rows.set(job.job_id, { job, item, signature });
    }

    if (items.children[index] !== item) {
        items.insertBefore(item, items.children[index] ?? null);
    }

    if (job.status === 'JOB_STATUS_COMPLETED' && !job.summary) {
        complete(job);
    }
}

/** Reads what a job found that has just completed. */
async function complete(job) {
    const found = await call(`/v1/jobs/${job.job_id}`).catch(() => null);
    const known = rows.get(job.job_id);
    if (found?.job.summary && known && !known.job.summary) {
        known.signature = '';
        [known.job.summary, known.job.video] = [found.job.summary, found.job.video];
        place(list.querySelector('ul'), known.job, [...known.item.parentNode.children].indexOf(known.item), '');
    }
}

function restoreFocus(item, focused) {
    if (focused) {
        const { action } = focused.dataset;
        (item.querySelector(`[data-action="${action}"]`) ?? item.querySelector('a')).focus();
    }
}

function announce(before, after) {
    if (before.status !== after.status) {
        byId('news').textContent = `${nameOf(after)}: ${statusOf(after)}`;
    }
}

function emptyState() {
    const isFiltered = filter !== '' || filters.elements.text.value.trim() !== '';
    return element(
        'div', { class: 'empty' },
        element('h2', {}, isFiltered ? 'No job matches' : 'No jobs yet'),
        isFiltered
            ? element('p', {}, 'Change the filter, or clear it to see every job.')
            : element('p', {}, 'Submit a video to find out what is in it.'),
        isFiltered || !byId('main').dataset.submit
            ? null
            : element('a', { class: 'button primary', href: '/web/submit' }, 'Submit a video'));
}

async function act(action, job) {
    const changed = await { cancel, retry, delete: remove }[action](job);
    if (changed) {
        refresh();
    }
}

function turn(change) {
    change();
    reset();
    window.scrollTo(0, 0);
}

function restart() {
    tokens = [''];
    readFilters();
    reset();
}

/** Answers to earlier questions no longer count. */
function reset() {
    generation++;
    isFirst = true;
    load(generation);
}

function readFilters() {
    const { text, status, since, tag, tenant } = filters.elements;
    const parts = [];
    if (text.value.trim() && !idForm.test(text.value.trim())) {
        const wanted = text.value.trim();
        const name = `display_name:${quoted(wanted)}`;
        const digits = wanted.replaceAll('-', '').toLowerCase();
        parts.push(digitsForm.test(digits) ? `(${name} OR job_id = "${digits}*")` : name);
    }

    if (status.value) {
        parts.push(`status = ${status.value}`);
    }

    if (since.value) {
        parts.push(`created_at > "${new Date(Date.now() - since.value * 3_600_000).toISOString()}"`);
    }

    const [, key, value] = /^\s*([a-z][a-z0-9_-]*)\s*(?:=\s*(.*?))?\s*$/.exec(tag.value) ?? [];
    if (key) {
        parts.push(value ? `tags.${key} = ${quoted(value)}` : `tags:${key}`);
    }

    if (tenant?.value.trim()) {
        parts.push(`tenant = ${quoted(tenant.value.trim())}`);
    }

    showTagProblem(tag, Boolean(tag.value.trim()) && !key);
    filter = parts.join(' AND ');
    const query = new URLSearchParams([...new FormData(filters)].filter(([, value]) => value.trim()));
    byId('clear').hidden = query.size === 0;
    history.replaceState(null, '', query.size > 0 ? `?${query}` : location.pathname);
}

function showTagProblem(tag, isWrong) {
    byId('tag-problem').hidden = !isWrong;
    byId('tag-problem').textContent = isWrong
        ? `“${tag.value.trim()}” is not a tag, so it does not filter. `
            + 'Write a key of lower-case letters, or key=value: camera=south.'
        : '';
    tag.setAttribute('aria-invalid', String(isWrong));
}

function restoreFilters() {
    for (const [name, value] of new URLSearchParams(location.search)) {
        if (name in filters.elements && 'value' in filters.elements[name]) {
            filters.elements[name].value = value;
        }
    }

    readFilters();
}

function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')
        || (event.target.matches('input, select, textarea') && event.key !== 'Escape')) {
        return;
    }

    const items = [...list.querySelectorAll('li')];
    const at = items.findIndex(item => item.contains(document.activeElement));
    const focus = index => items.at(Math.max(0, Math.min(items.length - 1, index)))?.querySelector('a').focus();
    const press = action => items[at]?.querySelector(`[data-action=${action}]`)?.click();
    const keys = {
        j: () => focus(at + 1),
        k: () => focus(at < 0 ? 0 : at - 1),
        c: () => press('cancel'),
        r: () => press('retry'),
        '/': () => filters.elements.text.select(),
        '?': () => byId('keys').showModal(),
        Escape: () => document.activeElement.blur(),
    };
    if (keys[event.key]) {
        keys[event.key]();
        event.preventDefault();
    }
}

function debounced(action) {
    let timer = 0;
    return () => {
        clearTimeout(timer);
        timer = setTimeout(action, 250);
    };
}
