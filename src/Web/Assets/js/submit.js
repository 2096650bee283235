// The form for new jobs: files, options, upload, submission.

import { call, listAll } from './api.js';
import { Drawing, parseAreas } from './areas.js';
import { byId, element } from './dom.js';
import { bytes, counted } from './format.js';
import { FieldError, clearFields, fieldOf, formNow, readForm, tellField, writeForm } from './submit/fields.js';
import { sampleVideo } from './submit/sample-video.js';
import { showUnfinished } from './submit/unfinished.js';
import { Upload } from './upload.js';

const form = byId('submit');
const areas = byId('areas');
const drawing = new Drawing(areas);
const canSubmit = byId('main').dataset.submit === 'true';

// Above this size the server checks the options before the upload.
const checkedBytes = 64e6;
const chooseFirst = 'Choose a video first.';

// Why the server refuses a file for good.
const refusals = [
    'EMPTY_VIDEO', 'NOT_AN_MP4', 'TRUNCATED_MP4', 'NO_VIDEO_TRACK', 'NO_FRAMES', 'VIDEO_LIMIT_EXCEEDED',
    'ENCRYPTED_VIDEO',
];

/** The chosen files: {upload, item, note, bar, isDone}. */
let chosen = [];
let pipelines = [];
let isSending = false;
let isPaused = false;

/** What the form said when it was loaded or filled by the page: from then on the viewer may have changed it. */
let untouched = '';
let isReady = Promise.resolve();

byId('send').disabled = !canSubmit;
byId('files').addEventListener('change', event => {
    choose(event.target.files);
    event.target.value = '';
});

// A file that is dropped beside the box would otherwise open in place of the page.
const hasFiles = event => event.dataTransfer?.types.includes('Files');
addEventListener('dragover', event => {
    if (hasFiles(event)) {
        event.preventDefault();
        byId('drop').classList.add('over');
    }
});
addEventListener('dragleave', event => {
    if (!event.relatedTarget) {
        byId('drop').classList.remove('over');
    }
});
addEventListener('drop', event => {
    if (hasFiles(event)) {
        event.preventDefault();
        byId('drop').classList.remove('over');
        choose(event.dataTransfer.files);
    }
});
byId('pipeline').addEventListener('change', showPipeline);
byId('sampling').addEventListener('change', showSampling);
byId('labels').addEventListener('change', showLabels);
areas.addEventListener('input', showAreas);
form.addEventListener('input', ({ target }) => {
    if (target.id && target !== areas && byId(`${target.id}-problem`)) {
        tellField(target.id, '');
    }
});
byId('pause').addEventListener('click', () => {
    isPaused = true;
    chosen.forEach(entry => entry.upload.pause());
});
form.addEventListener('submit', event => {
    event.preventDefault();
    send();
});
addEventListener('beforeunload', event => {
    if (isSending) {
        event.preventDefault();
    }
});
showOthers();
isReady = loadPipelines();

async function loadPipelines() {
    try {
        pipelines = await listAll('/v1/pipelines', 'pipelines');
        byId('pipeline').replaceChildren(...pipelines.map(pipeline => element('option', {}, pipeline.id)));
        const wanted = new URLSearchParams(location.search).get('pipeline') ?? 'yolo_ocr';
        if (pipelines.some(pipeline => pipeline.id === wanted)) {
            byId('pipeline').value = wanted;
        }

        showPipeline();
        untouched = formText();
    } catch (failure) {
        problem(`The pipelines cannot be listed: ${failure.message}`);
    }
}

const formText = () => JSON.stringify(formNow(wantedLabels()));

function showSampling() {
    byId('rate-field').hidden = byId('sampling').value !== 'rate';
    byId('stride-field').hidden = byId('sampling').value !== 'stride';
}

function showPipeline() {
    const pipeline = pipelines.find(({ id }) => id === byId('pipeline').value);
    byId('pipeline-about').textContent = pipeline?.description ?? '';
    const labels = pipeline?.labels ?? [];
    byId('labels-box').hidden = labels.length === 0;
    byId('labels').replaceChildren(...labels.map(label => element(
        'label', {}, element('input', { type: 'checkbox', value: label }), label)));
    showLabels();
}

const wantedLabels = () => [...byId('labels').querySelectorAll(':checked')].map(box => box.value);

function showLabels() {
    byId('labels-summary').textContent = wantedLabels().join(', ') || 'all kinds';
}

function showAreas() {
    try {
        const { zones, lines } = parseAreas(areas.value);
        const parts = [zones.length && counted(zones.length, 'zone'), lines.length && counted(lines.length, 'line')];
        byId('areas-summary').textContent = parts.filter(Boolean).join(', ') || 'none';
        tellField('areas', '');
    } catch (failure) {
        tellField('areas', failure.message);
    }

    drawing.paint();
}

/** Fills the form with the options with which an upload began. */
function restore(entry) {
    const { form: kept } = entry.upload;
    const hasPipeline = pipelines.some(({ id }) => id === kept.pipeline);
    if (hasPipeline) {
        byId('pipeline').value = kept.pipeline;
    }

    showPipeline();
    for (const box of byId('labels').querySelectorAll('input')) {
        box.checked = kept.labels?.includes(box.value) ?? false;
    }

    writeForm(kept);
    showLabels();
    showSampling();
    showAreas();
    clearFields();
    untouched = formText();
    say(entry, hasPipeline
        ? 'Its upload continues where it stopped, with the options from then: they are in the form again.'
        : `Its upload continues where it stopped. The pipeline ${kept.pipeline} is gone: choose another.`);
}

/** Restores the options of an interrupted upload, unless the viewer has already written others. */
async function offerOptions(entry) {
    await isReady;
    if (!chosen.includes(entry)) {
        return;
    }

    const text = formText();
    if (text === JSON.stringify(entry.upload.form)) {
        say(entry, 'Its upload continues where it stopped, with the same options.');
    } else if (text === untouched) {
        restore(entry);
    } else {
        say(entry, 'Its upload continues where it stopped, with the options of the form. ');
        const button = element('button', { type: 'button', class: 'quiet small' }, 'Use those from then');
        button.addEventListener('click', () => restore(entry));
        entry.note.append(button);
    }
}

function choose(files) {
    for (const file of files) {
        const isTwice = chosen.some(({ upload: { file: other } }) =>
            other.name === file.name && other.size === file.size && other.lastModified === file.lastModified);
        if (!isTwice && !isSending) {
            add(file);
        }
    }

    showChosen();
}

function add(file) {
    const bar = element('progress', { max: file.size, value: 0, 'aria-label': `Upload of ${file.name}`, hidden: true });
    const note = element('div', { class: 'note', hidden: true });
    const sent = () => `${bytes(upload.received)} of ${bytes(file.size)} sent`;
    const upload = new Upload(file, {
        onProgress: received => {
            bar.hidden = false;
            bar.value = received;
            say(entry, sent());
        },
        onTrouble: failure => say(entry, `${sent()}. ${failure.status === 0
            ? 'The server cannot be reached. The upload goes on as soon as it answers.'
            : 'The server cannot take more at the moment. The page tries again.'}`),
    });
    const drop = element(
        'button', { type: 'button', class: 'quiet small', 'aria-label': `Remove ${file.name}` }, 'Remove');
    const item = element(
        'li', {}, element('span', { class: 'name' }, file.name),
        element('span', { class: 'muted' }, bytes(file.size)), drop, bar, note);
    const entry = { upload, item, note, bar, drop, isDone: false };
    drop.addEventListener('click', () => {
        chosen = chosen.filter(other => other !== entry);
        showChosen();
    });
    chosen.push(entry);
    if (upload.isKnown && upload.form) {
        isReady = offerOptions(entry);
    } else if (upload.isKnown) {
        say(entry, 'Its upload continues where it stopped.');
    }
}

function showChosen() {
    byId('chosen').replaceChildren(...chosen.map(({ item }) => item));
    byId('name').disabled = chosen.length > 1;
    byId('name').placeholder = chosen.length > 1 ? 'the name of each file' : 'the name of the file';
    byId('send').textContent = chosen.length > 1 ? `Submit ${chosen.length} videos` : 'Submit';
    drawing.show(chosen[0]?.upload.file);
    showOthers();
    if (byId('problem').textContent === chooseFirst && chosen.length > 0) {
        problem('');
    }
}

/** Interrupted uploads that are not among the chosen files. */
function showOthers() {
    showUnfinished(new Set(chosen.filter(({ isDone }) => !isDone).map(({ upload }) => upload.key)));
}

async function send() {
    if (isSending) {
        return;
    }

    problem('');
    clearFields();
    setSending(true);
    await isReady;
    const left = chosen.filter(({ isDone }) => !isDone);
    const jobs = [];
    const { request, problems } = readForm(wantedLabels());
    if (left.length === 0) {
        problems.unshift(new Error(chooseFirst));
    }

    if (problems.length === 0) {
        await sendAll(left, request, { jobs, problems });
    }

    showProblems(problems);
    end(jobs);
}

/** Uploads and submits files, one after the other. */
async function sendAll(left, request, { jobs, problems }) {
    try {
        if (left.some(({ upload }) => upload.file.size > checkedBytes)) {
            await check(request);
        }

        const kept = formNow(wantedLabels());
        left.forEach(({ upload }) => upload.keepForm(kept));
        for (const entry of left) {
            if (isPaused) {
                break;
            }

            const job = await sendOne(entry, request, problems);
            if (job) {
                jobs.push(job);
            }
        }
    } catch (failure) {
        problems.push(failure);
    }
}

/** What the form offers after files were sent. */
function end(jobs) {
    setSending(false);
    const left = chosen.filter(({ isDone }) => !isDone).length;
    byId('send').textContent = left > 0 && (isPaused || jobs.length > 0) ? 'Continue' : 'Submit';
    isPaused = false;
    showOthers();
    if (left === 0 && jobs.length > 0) {
        location.assign(chosen.length === 1 ? `/web/jobs/${jobs[0].job_id}` : '/web/jobs');
    }
}

/** Uploads and submits one file; the job, or null if it did not become one. */
async function sendOne(entry, request, problems) {
    const { upload } = entry;
    const whole = { ...request, display_name: request.display_name || upload.file.name.slice(0, 255) };
    try {
        byId('state').textContent = `Sending ${upload.file.name} …`;
        await upload.send();
        byId('state').textContent = `Submitting ${upload.file.name} …`;
        const job = await upload.submit(whole);
        entry.isDone = true;
        say(entry, 'Submitted');
        return job;
    } catch (failure) {
        if (failure.name === 'AbortError') {
            say(entry, 'Paused');
        } else {
            if (refusals.includes(failure.reason)) {
                await upload.abandon();
            }

            say(entry, failure.message, { isBad: true });
            failure.file = upload.file.name;
            problems.push(failure);
        }

        return null;
    } finally {
        byId('state').textContent = '';
    }
}

/** Finds a wrong option before the bytes of a large file are sent. */
async function check(request) {
    byId('state').textContent = 'Checking the options …';
    try {
        await call('/v1/jobs', { method: 'POST', body: { ...request, content: sampleVideo, validate_only: true } });
    } catch (failure) {
        // What is no mistake of the form comes up again when the upload begins.
        if (failure.status === 400) {
            throw failure;
        }
    } finally {
        byId('state').textContent = '';
    }
}

/** Says what went wrong: at its field if it is about one, and above the form. */
function showProblems(problems) {
    for (const failure of problems) {
        const field = failure instanceof FieldError ? failure.field : fieldOf(failure);
        if (field) {
            tellField(field, failure.message);
        }
    }

    problem(problems.map(({ file, message }) => file ? `${file}: ${message}` : message).join('\n'));
}

function setSending(value) {
    isSending = value;
    byId('send').disabled = value;
    byId('pause').hidden = !value;
    byId('files').disabled = value;
    chosen.forEach(({ drop }) => {
        drop.disabled = value;
    });
}

function say({ note }, text, { isBad = false } = {}) {
    note.textContent = text;
    note.hidden = false;
    note.classList.toggle('bad', isBad);
}

function problem(text) {
    byId('problem').textContent = text;
    byId('problem').hidden = !text;
    if (text) {
        byId('problem').focus();
    }
}
