// What is known about the job in words: summary, warnings, options, attempts, segments and the decoder's last output.
import { element } from '../dom.js';
import { ago, bytes, clock, count, counted, moment, tagInWords, word } from '../format.js';
import { waitOf } from '../job-row.js';

const several = { person: 'persons', bus: 'buses', knife: 'knives', sheep: 'sheep', mouse: 'mice', skis: 'skis' };

/** "7 persons, 1 car" */
export function objectsInWords(labels) {
    return labels.filter(({ track_count: tracks }) => tracks > 0)
        .map(({ label, track_count: tracks }) => counted(tracks, label, several[label] ?? `${label}s`))
        .join(', ');
}

/** The summary of a completed job. */
export function summaryView({ summary }) {
    if (!summary) {
        return [];
    }

    const found = objectsInWords(summary.labels);
    const lines = [
        found || summary.labels.map(({ label, detection_count: number }) =>
            counted(number, `detection of ${label}`, `detections of ${label}`)).join(', ')
        || 'No objects were found.',
        summary.text_track_count > 0 ? counted(summary.text_track_count, 'distinct text') + ' over time.' : null,
        summary.shot_count > 1 ? `${counted(summary.shot_count, 'shot')}.` : null,
        `${count(summary.frames.analyzed)} of ${counted(summary.frames.total, 'frame')} analyzed`
            + (summary.frames.failed > 0 ? `, ${count(summary.frames.failed)} lost` : '') + '.',
        ...summary.zones.map(zone => `Zone ${zone.zone_id}: ${tracksInWords(zone.tracks) || 'nobody'}.`),
        ...summary.lines.map(line =>
            `Line ${line.line_id}: ${tracksInWords(line.to_left) || 'none'} to the left, `
            + `${tracksInWords(line.to_right) || 'none'} to the right.`),
    ];
    const [first, ...rest] = lines.filter(Boolean);
    return [
        element('p', { class: 'summary', id: 'summary' }, first),
        ...rest.map(line => element('p', { class: 'muted tight' }, line)),
        ...summary.texts.length > 0 ? [textsView(summary.texts)] : [],
    ];
}

const tracksInWords = tracks =>
    tracks.map(({ label, count: number }) => counted(number, label, several[label] ?? `${label}s`)).join(', ');

function textsView(texts) {
    return element(
        'p', { class: 'muted tight' }, 'Texts: ',
        texts.slice(0, 8).map(({ text }) => `“${text}”`).join(', '),
        texts.length > 8 ? ` and ${count(texts.length - 8)} more.` : '.');
}

export const warningsView = ({ warnings }) =>
    warnings.map(warning => element('p', { class: 'warning' }, warning.message));

/** Facts as a list of names and values. */
export function detailsView(job) {
    const { video, devices, tags } = job;
    const facts = [
        ['Pipeline', job.pipeline_id],
        ['Submitted', time(job.created_at)],
        ['Video', video && [
            `${video.width} × ${video.height}`, video.codec, clock(seconds(video.duration) * 1000),
            `${video.frame_rate.toFixed(2)} frames/s`, bytes(video.size_bytes),
        ].join(', ')],
        ['Waited', waited(job)],
        ['Took', took(job)],
        ['Device', devices.map(device => device.description).join(', ')],
        ['Tags', Object.entries(tags).map(([key, value]) => tagInWords(key, value)).join(', ')],
        ['Options', optionsInWords(job.options)],
        ['Results taken over from', job.reused_job_id],
        ['Job id', job.job_id],
    ];
    return element(
        'dl', { class: 'facts' },
        ...facts.filter(([, value]) => value).flatMap(([name, value]) =>
            [element('dt', {}, name), element('dd', {}, value)]));
}

/** From the submission to the first attempt; timings of the job count to the latest. */
function waited({ created_at: created, attempts, timings }) {
    const [first] = attempts;
    if (!first) {
        return timings?.total && timings.queued ? length(timings.queued) : '';
    }

    return first.number === 1
        ? between(created, first.started_at) + (attempts.length > 1 ? ' before the first attempt' : '')
        : '';
}

/** The attempts without the time between them, in which nothing runs. */
function took(job) {
    const ended = job.attempts.filter(attempt => attempt.ended_at);
    if (ended.length === 0) {
        return job.attempts.length === 0 && job.timings?.total ? length(job.timings.total) : '';
    }

    const sum = ended.map(({ started_at: start, ended_at: end }) => Date.parse(end) - Date.parse(start))
        .reduce((one, other) => one + other);
    return lengthOf(sum) + (job.attempts.length > 1 ? ` in ${counted(ended.length, 'attempt')}` : '');
}

function optionsInWords(options) {
    if (!options) {
        return '';
    }

    return [
        options.frame_stride > 1 && `one of ${options.frame_stride} frames`,
        options.frames_per_second > 0 && `${options.frames_per_second} frames each second`,
        options.sampling === 'SAMPLING_ADAPTIVE' && 'where something changes',
        options.max_frames > 0 && `at most ${counted(options.max_frames, 'frame')}`,
        options.labels.length > 0 && `only ${options.labels.join(', ')}`,
        options.min_confidence > 0 && `minimum confidence ${Math.round(options.min_confidence * 100)}%`,
        options.time_ranges.length > 0 && counted(options.time_ranges.length, 'time range'),
        options.regions.length > 0 && counted(options.regions.length, 'region'),
    ].filter(Boolean).join(', ');
}

/** Why the job is as it is. The page has its own words where those of the API name methods, options and reasons. */
function explanationOf({ job, explanation }) {
    const last = job.attempts.at(-1);
    const tries = job.attempts.length > 1 ? ` after ${counted(job.attempts.length, 'attempt')}` : '';
    if (job.status === 'JOB_STATUS_FAILED') {
        return `The job failed${tries}: ${job.error_message} ` + (last?.retryable
            ? 'Another attempt may succeed: Retry starts one.'
            : 'Another attempt would fail in the same way.');
    }

    switch (job.queue_state?.reason) {
        case 'WAIT_REASON_DRAINING':
            return `${waitOf(job.queue_state)}.`;
        case 'WAIT_REASON_BACK_OFF':
            return `Attempt ${last?.number} failed: ${last?.error_message} `
                + `The next attempt starts ${ago(job.queue_state.next_attempt_at).replace(/\.$/, '')}.`;
        default:
            return explanation;
    }
}

/** What DiagnoseJob says. */
export function diagnosisView(diagnosis) {
    const { segment_counts: counts, segments, decoder_output: output, timeline, job } = diagnosis;
    return [
        element('p', {}, explanationOf(diagnosis)),
        ...counts?.planned > 0 && job.status !== 'JOB_STATUS_COMPLETED'
            ? [element(
                'p', { class: 'muted tight' },
                `Segments: ${count(counts.finished)} of ${count(counts.planned)} finished, `
                    + `${count(counts.running)} running.`)]
            : [],
        ...job.attempts.length > 0 ? [attemptsView(job.attempts)] : [],
        ...segments.length > 0 ? [segmentsView(segments)] : [],
        folded(
            'History',
            element('ul', { class: 'history' }, ...timeline.map(entry =>
                element('li', {}, element('span', { class: 'muted' }, time(entry.time)), ' ', eventInWords(entry))))),
        ...output ? [folded('What the decoder said last', element('pre', { tabIndex: 0 }, output))] : [],
    ];
}

/** Without the reason of an error for programs: what follows it says the same. */
const eventInWords = ({ description }) => description.replace(/: [A-Z_]+ \((not )?retryable\): /, ': ');

function attemptsView(attempts) {
    return folded(
        counted(attempts.length, 'attempt'),
        table(
            ['No.', 'Started', 'Took', 'Outcome'],
            attempts.map(attempt => [
                String(attempt.number), time(attempt.started_at),
                attempt.ended_at ? between(attempt.started_at, attempt.ended_at) : 'still runs',
                attempt.error_message || (attempt.ended_at ? 'completed' : 'running'),
            ])));
}

function segmentsView(segments) {
    return folded(
        counted(segments.length, 'segment run'),
        table(
            ['Frames', 'State', 'Took', 'Analyzed', 'Error'],
            segments.map(segment => [
                `${count(segment.start_frame)} – ${count(segment.end_frame - 1)}`,
                word(segment.state, 'SEGMENT_STATE'),
                segment.ended_at ? between(segment.started_at, segment.ended_at) : '–',
                count(segment.frames_analyzed), segment.error_message,
            ])));
}

function table(heads, rows) {
    return element(
        'div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': heads.join(', ') },
        element(
            'table', {},
            element('thead', {}, element('tr', {}, ...heads.map(head => element('th', { scope: 'col' }, head)))),
            element('tbody', {}, ...rows.map(row =>
                element('tr', {}, ...row.map(cell => element('td', {}, cell)))))));
}

const folded = (title, content) => element('details', { data: { title } }, element('summary', {}, title), content);

const time = text => element('time', { dateTime: text, title: moment(text) }, ago(text));

const seconds = duration => Number.parseFloat(duration ?? '0');

const length = duration => lengthOf(seconds(duration) * 1000);

const between = (start, end) => lengthOf(Date.parse(end) - Date.parse(start));

const lengthOf = milliseconds =>
    milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : clock(milliseconds);
