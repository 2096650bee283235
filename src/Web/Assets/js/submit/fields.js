// What is written into the form, and what is wrong with it, said at the field.

import { parseAreas } from '../areas.js';
import { byId, element } from '../dom.js';

const maxRanges = 100;
const maxTags = 32;
const values = ['sampling', 'rate', 'stride', 'ranges', 'confidence', 'areas', 'name', 'tags', 'priority'];

// Fields of the API that errors name, and the field of the form in which they are written.
const fieldsOfApi = [
    ['options.time_ranges', 'ranges'], ['options.zones', 'areas'], ['options.lines', 'areas'],
    ['options.min_confidence', 'confidence'], ['options.frames_per_second', 'rate'],
    ['options.frame_stride', 'stride'], ['options.sampling', 'sampling'], ['tags', 'tags'], ['priority', 'priority'],
    ['display_name', 'name'], ['pipeline_id', 'pipeline'],
];

/** A wrong value of a field of the form. */
export class FieldError extends Error {
    constructor(field, message) {
        super(message);
        this.field = field;
    }
}

/** The field of the form that an error of the API is about; undefined if it is about none. */
export function fieldOf(failure) {
    const names = failure.details?.flatMap(detail => detail.field_violations ?? []).map(({ field }) => field) ?? [];
    return fieldsOfApi.find(([start]) => names.some(name => name?.startsWith(start)))?.[1];
}

/** Says what is wrong with a field; '' takes it back. */
export function tellField(id, text) {
    const field = byId(id);
    let note = byId(`${id}-problem`);
    if (!note) {
        note = element('p', { class: 'field-problem', id: `${id}-problem`, role: 'alert', hidden: true });
        field.parentNode.append(note);
        const about = field.getAttribute('aria-describedby');
        field.setAttribute('aria-describedby', about ? `${about} ${note.id}` : note.id);
    }

    note.textContent = text;
    note.hidden = !text;
    if (text) {
        field.setAttribute('aria-invalid', 'true');
        if (field.closest('details')) {
            field.closest('details').open = true;
        }
    } else {
        field.removeAttribute('aria-invalid');
    }
}

/** Takes back what was said about all fields. */
export const clearFields = () => [...values, 'pipeline'].forEach(id => tellField(id, ''));

/**
 * Reads the form.
 * @returns {{request: object, problems: FieldError[]}} Fields of SubmitVideo, without source and request_id; and what
 *   is wrong, in the order of the form.
 */
export function readForm(labels) {
    const problems = [];
    const read = (id, action) => {
        try {
            return action(byId(id));
        } catch (failure) {
            problems.push(new FieldError(id, failure.message));
            return undefined;
        }
    };
    const number = (id, name) => read(id, field => numberOf(field, name));
    const options = { labels };
    const sampling = byId('sampling').value;
    if (sampling === 'rate') {
        options.frames_per_second = number('rate', 'Frames for each second');
    } else if (sampling === 'adaptive') {
        options.sampling = 'SAMPLING_ADAPTIVE';
    } else if (sampling === 'stride') {
        options.frame_stride = number('stride', 'The n of “Every n-th frame”');
    }

    options.time_ranges = read('ranges', field => readRanges(field.value));
    if (byId('confidence').value || byId('confidence').validity.badInput) {
        options.min_confidence = number('confidence', 'Minimum confidence');
    }

    Object.assign(options, read('areas', field => parseAreas(field.value)));
    const request = {
        pipeline_id: byId('pipeline').value,
        options,
        display_name: byId('name').disabled ? '' : byId('name').value.trim(),
        tags: read('tags', field => readTags(field.value)),
        priority: number('priority', 'Priority'),
    };
    return { request, problems };
}

/** What the form says, to keep it beside an upload. The form has no secrets. */
export function formNow(labels) {
    return { pipeline: byId('pipeline').value, labels, ...Object.fromEntries(values.map(id => [id, byId(id).value])) };
}

/** Writes what formNow() returned into the form, without pipeline and labels. */
export function writeForm(form) {
    for (const id of values.filter(id => typeof form[id] === 'string')) {
        byId(id).value = form[id];
    }
}

function numberOf(field, name) {
    const { badInput, rangeUnderflow, rangeOverflow, stepMismatch } = field.validity;
    const isBroken = stepMismatch && field.step === '';
    if (!field.value || badInput || rangeUnderflow || rangeOverflow || isBroken) {
        const kind = isBroken ? 'a whole number' : 'a number';
        throw new Error(`${name} must be ${kind} from ${field.min} to ${field.max}.`);
    }

    return field.valueAsNumber;
}

/** Reads "0:10-0:30, 1:05-". */
function readRanges(text) {
    const parts = text.split(',').map(part => part.trim()).filter(Boolean);
    if (parts.length > maxRanges) {
        throw new Error(`At most ${maxRanges} parts of a video can be chosen; these are ${parts.length}.`);
    }

    let [before, end] = ['', 0];
    return parts.map(part => {
        const [, from, to] = /^([\d:.]*)\s*[-–]\s*([\d:.]*)$/.exec(part) ?? [];
        const seconds = value => value.split(':').reduce((sum, digits) => sum * 60 + Number(digits), 0);
        if (from === undefined || Number.isNaN(seconds(from)) || Number.isNaN(seconds(to))) {
            throw new Error(`"${part}" is not a part of a video. Write it as 0:10-0:30.`);
        }

        if (to && seconds(to) <= seconds(from)) {
            throw new Error(`"${part}" ends before it begins. Write the earlier time first, as in 0:10-0:30.`);
        }

        if (seconds(from) < end) {
            throw new Error(`"${part}" begins before "${before}" has ended. Write the parts in the order of the video, `
                + 'without overlap.');
        }

        [before, end] = [part, to ? seconds(to) : Infinity];
        return { start: `${seconds(from)}s`, ...to && { end: `${seconds(to)}s` } };
    });
}

/** Reads "camera=south, site=hq". */
function readTags(text) {
    const tags = new Map();
    for (const part of text.split(',').map(part => part.trim()).filter(Boolean)) {
        const [, key, value] = /^([a-z][a-z0-9_-]*)\s*(?:=\s*(.*))?$/.exec(part) ?? [];
        if (!key) {
            throw new Error(`"${part}" is not a tag. Write it as camera=south, with a key of lower-case letters.`);
        }

        if (tags.has(key)) {
            throw new Error(`The tag ${key} is written twice. A job has one value for each key. Remove one.`);
        }

        tags.set(key, value ?? '');
    }

    if (tags.size > maxTags) {
        throw new Error(`A job has at most ${maxTags} tags; these are ${tags.size}.`);
    }

    return Object.fromEntries(tags);
}
