// The distinct objects and texts of a job with thumbnails: also the accessible form of the timeline.
import { element } from '../dom.js';
import { clock, count, counted } from '../format.js';
import { colorOf, textColor } from './palette.js';
import { thumbnail } from './thumbnails.js';

/** Entries that are shown at first, and with each press of "Show more". */
const batch = 24;

export class TrackList {
    #jobId;
    #entries = [];
    #shown = batch;

    /**
     * @param {HTMLElement} place Where the list goes.
     * @param {string} jobId
     * @param {(ms: number) => void} onJump The viewer wants to see one.
     */
    constructor(place, jobId, onJump) {
        this.#jobId = jobId;
        this.onJump = onJump;
        this.filter = element(
            'input', { type: 'search', placeholder: 'Label or text', 'aria-label': 'Filter the list' });
        this.filter.addEventListener('input', () => {
            this.#shown = batch;
            this.#render();
        });
        this.list = element('ul', { class: 'tracks', id: 'tracks' });
        this.more = element('button', { type: 'button', hidden: true });
        this.more.addEventListener('click', () => {
            this.#shown += batch;
            this.#render();
        });
        this.note = element('p', { class: 'hint', role: 'status' });
        place.append(this.filter, this.note, this.list, this.more);
    }

    /**
     * @param {{objects: object[], texts: object[]}} tracks
     * @param {{isLimited: boolean, isEnded: boolean}} state Whether there are more, and whether none follows.
     */
    setTracks({ objects, texts }, { isLimited, isEnded }) {
        this.#entries = [
            ...objects.map(track => ({
                key: `o${track.track_id}`, name: `${track.label} ${track.track_id}`, color: colorOf(track.label), track,
            })),
            ...texts.map(track => ({
                key: `t${track.track_id}`, name: `“${track.text}”`, color: textColor, track,
            })),
        ];
        [this.isLimited, this.isEnded] = [isLimited, isEnded];
        this.#render();
    }

    #render() {
        const wanted = this.filter.value.trim().toLowerCase();
        const matching = this.#entries.filter(entry => entry.name.toLowerCase().includes(wanted));
        const shown = matching.slice(0, this.#shown);
        const known = new Map([...this.list.children].map(item => [item.dataset.key, item]));

        // An entry that is shown already keeps its picture.
        this.list.replaceChildren(...shown.map(entry => {
            const { best, frames_seen: seen, live, confidence } = entry.track;
            const stamp = [entry.name, best.frame_index, seen, live, confidence].join('|');
            const old = known.get(entry.key);
            return old?.dataset.stamp === stamp ? old : this.#itemOf(entry, stamp);
        }));
        const rest = matching.length - shown.length;
        this.more.hidden = rest === 0;
        this.more.textContent = rest > batch
            ? `Show ${batch} more of the remaining ${count(rest)}`
            : `Show the remaining ${count(rest)}`;
        this.filter.hidden = this.#entries.length <= 8;
        this.note.textContent = this.#entries.length === 0
            ? this.isEnded ? 'No objects or texts were tracked.' : 'No objects or texts were tracked yet.'
            : matching.length === 0 ? 'Nothing matches.'
            : this.isLimited ? `The first ${count(this.#entries.length)} are listed.` : '';
        this.note.hidden = this.note.textContent === '';
    }

    #itemOf({ key, name, color, track }, stamp) {
        const from = track.first.frame_timestamp_ms;
        const seen = counted(track.frames_seen, 'frame');
        const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
        dot.style.background = color;
        const jump = element(
            'button', { type: 'button', class: 'track' }, thumbnail(this.#jobId, track.best),
            element(
                'span', { class: 'track-text' },
                element('span', { class: 'track-name' }, dot, element('span', {}, name)),
                element(
                    'span', { class: 'hint' },
                    `${clock(from, { hasParts: true })} – ${clock(track.last.frame_timestamp_ms, { hasParts: true })}`
                        + ` · ${seen} · ${Math.round(track.confidence * 100)}%${track.live ? ' · live' : ''}`)));
        jump.addEventListener('click', () => this.onJump(from));
        return element('li', { data: { key, stamp } }, jump);
    }
}
