// The list of uploads of this browser that were interrupted.

import { byId, confirmed, element, toast } from '../dom.js';
import { bytes } from '../format.js';
import { discard, unfinishedUploads } from '../upload.js';

/**
 * Shows the interrupted uploads.
 * @param {Set<string>} shownElsewhere Keys of the uploads that the page continues or can continue.
 */
export function showUnfinished(shownElsewhere) {
    const uploads = unfinishedUploads().filter(({ key, uploadId }) => uploadId && !shownElsewhere.has(key));
    byId('unfinished').hidden = uploads.length === 0;
    byId('unfinished-list').replaceChildren(...uploads.map(upload => {
        const button = element(
            'button', { type: 'button', class: 'quiet small', 'aria-label': `Discard ${upload.name}` }, 'Discard');
        button.addEventListener('click', async () => {
            if (!await isSure(upload)) {
                return;
            }

            try {
                await discard(upload);
            } catch (failure) {
                toast(`${upload.name} was not discarded: ${failure.message}`, { isBad: true });
            }

            showUnfinished(shownElsewhere);
        });
        return element(
            'li', {}, element('span', { class: 'name' }, upload.name),
            element('span', { class: 'muted' }, `${bytes(upload.received ?? 0)} of ${bytes(upload.size)} sent`),
            button);
    }));
}

const isSure = ({ name, received }) => confirmed(
    'Discard this upload?',
    `The ${bytes(received ?? 0)} of ${name} that were sent are deleted, also if another tab is sending it.`,
    'Discard', { isDanger: true });
