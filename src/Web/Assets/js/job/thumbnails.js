// Pictures of objects and texts. Few are fetched at a time and only those in view, so that results and video go first.
import { element } from '../dom.js';

const maxRunning = 2;
const maxTries = 3;
const retryMilliseconds = 2_000;

/** Part of the frame around a box that a thumbnail shows: this share of the box on each side. */
const margin = 0.15;

const queue = [];
let running = 0;
let isOpen = false;

const observer = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
        if (isIntersecting) {
            observer.unobserve(target);
            queue.push(target);
        }
    }

    run();
}, { rootMargin: '200px' });

/** Lets thumbnails be fetched, after what the viewer waits for. */
export function startThumbnails() {
    isOpen = true;
    run();
}

/**
 * A picture of a place in a frame.
 * @param {string} jobId
 * @param {{frame_index: number, box?: object, polygon?: object[]}} point Frame and place.
 */
export function thumbnail(jobId, point) {
    const box = widened(point.box ?? boxOf(point.polygon));
    const query = new URLSearchParams({ max_width: 160 });
    for (const name of ['x', 'y', 'width', 'height']) {
        query.set(`box.${name}`, box[name].toFixed(1));
    }

    const image = element('img', { class: 'thumb', alt: '', decoding: 'async', draggable: false });
    image.dataset.src = `/v1/jobs/${jobId}/frames/${point.frame_index}?${query}`;
    observer.observe(image);
    return image;
}

function run() {
    while (isOpen && running < maxRunning && queue.length > 0) {
        const image = queue.shift();
        if (image.isConnected) {
            fetchOne(image);
        }
    }
}

function fetchOne(image) {
    running++;
    const end = isGood => {
        running--;
        image.onload = image.onerror = null;
        const tries = Number(image.dataset.tries ?? 0) + 1;
        image.dataset.tries = tries;
        if (isGood) {
            image.classList.add('ready');
        } else if (tries < maxTries) {
            setTimeout(() => {
                queue.push(image);
                run();
            }, retryMilliseconds);
        } else {
            image.replaceWith(element('span', { class: 'thumb missing', title: 'The frame cannot be decoded.' }));
        }

        run();
    };
    image.onload = () => end(true);
    image.onerror = () => end(false);
    image.src = image.dataset.src;
}

function boxOf(polygon) {
    const [xs, ys] = [polygon.map(point => point.x), polygon.map(point => point.y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return { x, y, width: Math.max(1, Math.max(...xs) - x), height: Math.max(1, Math.max(...ys) - y) };
}

const widened = ({ x, y, width, height }) => ({
    x: Math.max(0, x - width * margin),
    y: Math.max(0, y - height * margin),
    width: width * (1 + 2 * margin),
    height: height * (1 + 2 * margin),
});
