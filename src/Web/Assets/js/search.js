// The search page: objects and texts in all completed jobs, each a click away from its moment in the video.
import { call, listAll, quoted } from './api.js';
import { byId, element } from './dom.js';
import { ago, clock, counted, moment, tagInWords } from './format.js';
import { colorOf, textColor } from './job/palette.js';
import { startThumbnails, thumbnail } from './job/thumbnails.js';

const pageSize = 30;
const idForm = /^[A-Za-z0-9_-]{1,63}$/;
const kinds = {
    objects: { path: '/v1/tracks:search', what: ['label', 'zone_id', 'line_id'] },
    texts: { path: '/v1/texts:search', what: ['text', 'match'] },
};

let controller = null;
let token = '';

/** Labels that the pipelines of the server know; null until they are listed, and if they cannot be. */
let labels = null;
const isListed = listLabels();

build();
readAddress();
search();
startThumbnails();

function build() {
    const field = (name, label, input) =>
        element('div', { class: 'field', data: { field: name } }, element('label', { for: name }, label), input);
    const input = (name, properties = {}) => element('input', { id: name, name, autocomplete: 'off', ...properties });
    const select = (name, options) => element(
        'select', { id: name, name }, ...options.map(([value, text]) => element('option', { value }, text)));
    const rest = element(
        'details', { class: 'more-fields', id: 'more-fields' }, element('summary', {}, 'Time, tags, zones and lines'),
        element(
            'div', { class: 'search-fields' },
            field('after', 'Submitted after', input('after', { type: 'datetime-local' })),
            field('before', 'Submitted before', input('before', { type: 'datetime-local' })),
            field('tags', 'Tags of the job', input('tags', { placeholder: 'camera=north, site' })),
            field('zone_id', 'Zone', input('zone_id', { maxLength: 63 })),
            field('line_id', 'Line crossed', input('line_id', { maxLength: 63 }))));
    const form = element(
        'form', { id: 'search-form', class: 'card search-fields', role: 'search' },
        element(
            'fieldset', { class: 'kinds' }, element('legend', { class: 'sr' }, 'What to search'),
            ...[['objects', 'Objects'], ['texts', 'Texts']].map(([value, text]) => element(
                'label', { class: 'kind' },
                element('input', { type: 'radio', name: 'kind', value, id: `kind-${value}` }), text))),
        field('label', 'Label', input('label', {
            placeholder: 'any, for example person', maxLength: 255, list: 'known-labels',
        })),
        element('datalist', { id: 'known-labels' }),
        field('text', 'Text', input('text', { placeholder: 'for example a number plate', maxLength: 255 })),
        field('match', 'How exactly', select('match', [
            ['TEXT_MATCH_FUZZY', 'with a few wrong characters'], ['TEXT_MATCH_CONTAINS', 'contains it'],
            ['TEXT_MATCH_EXACT', 'is exactly it'],
        ])),
        field('min_confidence', 'Minimum confidence', select('min_confidence', [
            ['', 'any'], ['0.3', '30%'], ['0.5', '50%'], ['0.7', '70%'], ['0.9', '90%'],
        ])),
        element('div', { class: 'field end' }, element('button', { type: 'submit', class: 'primary' }, 'Search')),
        rest);
    form.addEventListener('submit', event => {
        event.preventDefault();
        submit();
    });
    for (const radio of form.querySelectorAll('[name=kind]')) {
        radio.addEventListener('change', () => {
            showFields();
            submit();
        });
    }

    const more = element('button', { type: 'button', id: 'more', hidden: true }, 'Show more');
    more.addEventListener('click', () => search({ isMore: true }));
    byId('search').replaceChildren(
        form, element('p', { id: 'outcome', class: 'muted', role: 'status' }),
        element('ul', { id: 'matches', class: 'matches' }), more);
    addEventListener('popstate', () => {
        readAddress();
        search();
    });
}

/** Offers the labels of all pipelines. Searches do without them if they cannot be listed. */
async function listLabels() {
    const pipelines = await listAll('/v1/pipelines', 'pipelines').catch(() => []);
    const known = new Set(pipelines.flatMap(pipeline => pipeline.labels));
    labels = known.size > 0 ? [...known].sort() : null;
    byId('known-labels').replaceChildren(...(labels ?? []).map(label => element('option', { value: label })));
}

/** A label as the models spell it, whatever the case of the letters. */
function spelled(label) {
    const same = labels?.filter(known => known.toLowerCase() === label.toLowerCase()) ?? [];
    return same.includes(label) ? label : same[0] ?? label;
}

function kindNow() {
    return new FormData(byId('search-form')).get('kind');
}

function showFields() {
    const kind = kindNow();
    for (const field of document.querySelectorAll('[data-field]')) {
        const name = field.dataset.field;
        const isOther = Object.entries(kinds).some(([other, { what }]) => other !== kind && what.includes(name));
        field.hidden = isOther;
    }
}

/** The address has the whole search, so that it can be kept and sent. */
function readAddress() {
    const given = new URLSearchParams(location.search);
    const form = byId('search-form');
    for (const input of form.elements) {
        if (input.name && input.name !== 'kind') {
            input.value = given.get(input.name) ?? (input.tagName === 'SELECT' ? input.options[0].value : '');
        }
    }

    // On a phone the matches would be below all fields.
    byId('more-fields').open = innerWidth > 640 || [...byId('more-fields').querySelectorAll('input')].some(
        field => field.value);
    byId(given.get('kind') === 'texts' ? 'kind-texts' : 'kind-objects').checked = true;
    showFields();
}

function submit() {
    const kind = kindNow();
    const query = new URLSearchParams({ kind });
    for (const field of document.querySelectorAll('[data-field]:not([hidden])')) {
        const input = field.querySelector('input, select');
        if (input.value) {
            query.set(input.name, input.value);
        }
    }

    history.pushState(null, '', `?${query}`);
    search();
}

async function search({ isMore = false } = {}) {
    controller?.abort();
    controller = new AbortController();
    const { signal } = controller;
    const kind = kindNow();
    const form = new FormData(byId('search-form'));
    const outcome = byId('outcome');
    if (!isMore) {
        token = '';
        byId('matches').replaceChildren();
    }

    byId('more').hidden = true;
    if (kind === 'texts' && !form.get('text').trim()) {
        outcome.textContent = 'Enter a text to look for.';
        return;
    }

    outcome.textContent = 'Searching…';
    try {
        const query = {
            ...await whatOf(kind, form),
            min_confidence: form.get('min_confidence'),
            job_filter: jobFilter(form),
            page_size: pageSize,
            page_token: token,
        };
        const page = await call(kinds[kind].path, { query, signal });
        token = page.next_page_token;
        byId('matches').append(...page.matches.map(match => itemOf(kind, match)));
        const shown = byId('matches').children.length;
        byId('more').hidden = token === '';
        outcome.textContent = shown === 0 ? nothing(query.label)
            : token ? `The first ${shown} matches, newest jobs first.`
            : counted(shown, 'match', 'matches');
    } catch (error) {
        if (error.name !== 'AbortError') {
            outcome.textContent = error.message;
        }
    }
}

async function whatOf(kind, form) {
    const what = Object.fromEntries(kinds[kind].what.map(name => [name, form.get(name).trim()]));
    for (const [name, shape] of [['zone_id', 'zone'], ['line_id', 'line']]) {
        if (what[name] && !idForm.test(what[name])) {
            throw new Error(
                `“${what[name]}” is not the id of a ${shape}: ids have 1 to 63 letters, digits, “_” and “-”.`);
        }
    }

    if (what.label) {
        await isListed;
        what.label = spelled(what.label);
    }

    return what;
}

function nothing(label) {
    return label && labels && !labels.includes(label)
        ? `Nothing was found: no pipeline finds “${label}”. The field offers the labels that exist.`
        : 'Nothing was found. Jobs can be searched a few seconds after they complete.';
}

/** The filter over jobs of AIP-160. */
function jobFilter(form) {
    const time = name => new Date(form.get(name)).toISOString();
    if (form.get('after') && form.get('before') && time('after') > time('before')) {
        throw new Error('“Submitted after” is later than “Submitted before”, so no job matches.');
    }

    return [
        form.get('after') && `created_at >= "${time('after')}"`,
        form.get('before') && `created_at <= "${time('before')}"`,
        ...form.get('tags').split(',').map(tag => tag.trim()).filter(Boolean).map(tagFilter),
    ].filter(Boolean).join(' AND ');
}

function tagFilter(tag) {
    const [, key, value] = /^([a-z][a-z0-9_-]*)(?:=(.*))?$/.exec(tag) ?? [];
    if (!key) {
        throw new Error(`“${tag}” is not a tag. Write a key of lower-case letters, or key=value: camera=north.`);
    }

    return value === undefined ? `tags:${key}` : `tags.${key} = ${quoted(value)}`;
}

function itemOf(kind, { job, track }) {
    const name = kind === 'texts' ? `“${track.text}”` : `${track.label} ${track.track_id}`;
    const at = track.best.frame_timestamp_ms;
    const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
    dot.style.background = kind === 'texts' ? textColor : colorOf(track.label);
    const tags = Object.entries(job.tags).map(([key, value]) => tagInWords(key, value)).join(', ');
    return element(
        'li', {},
        element(
            'a', { class: 'match', href: `/web/jobs/${job.job_id}#t=${(at / 1000).toFixed(3)}` },
            thumbnail(job.job_id, track.best),
            element(
                'span', { class: 'track-text' },
                element('span', { class: 'track-name' }, dot, element('span', {}, name)),
                element('span', { class: 'match-job' }, job.display_name || `Job ${job.job_id.slice(0, 8)}`),
                element(
                    'span', { class: 'hint' },
                    `at ${clock(at, { hasParts: true })} · ${Math.round(track.confidence * 100)}% · `,
                    element('time', { dateTime: job.created_at, title: moment(job.created_at) }, ago(job.created_at)),
                    tags ? ` · ${tags}` : ''))));
}
