// Signs of the player's buttons, as shapes: fonts do not have them everywhere.

const shapes = {
    play: 'M6 4l14 8-14 8z',
    pause: 'M6 4h4v16H6zM14 4h4v16h-4z',
    previous: 'M17 5l-9 7 9 7zM5 5h2v14H5z',
    next: 'M7 5l9 7-9 7zM17 5h2v14h-2z',
    sound: 'M3 9h4l6-5v16l-6-5H3zM16 8a5 5 0 0 1 0 8zM17 4a9 9 0 0 1 0 16v-2a7 7 0 0 0 0-12z',
    muted: 'M3 9h4l6-5v16l-6-5H3zM15 9l1.4-1.4L19 10.2l2.6-2.6L23 9l-2.6 2.6L23 14.2l-1.4 1.4L19 13l-2.6 2.6'
        + 'L15 14.2l2.6-2.6z',
    full: 'M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z',
};

/** An icon by name. */
export function icon(name) {
    const namespace = 'http://www.w3.org/2000/svg';
    const made = document.createElementNS(namespace, 'svg');
    const path = document.createElementNS(namespace, 'path');
    path.setAttribute('d', shapes[name]);
    path.setAttribute('fill', 'currentColor');
    made.setAttribute('viewBox', '0 0 24 24');
    made.setAttribute('width', '18');
    made.setAttribute('height', '18');
    made.setAttribute('aria-hidden', 'true');
    made.append(path);
    return made;
}
