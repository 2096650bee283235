// Links to the video and to the exports of the results.
import { element } from '../dom.js';

const exports = [
    ['Detections', 'CSV', { format: 'csv' }],
    ['Detections', 'Parquet', { format: 'parquet' }],
    ['Objects over time', 'CSV', { format: 'csv', table: 'tracks' }],
    ['Texts', 'CSV', { format: 'csv', table: 'texts' }],
    ['Texts over time', 'CSV', { format: 'csv', table: 'text_tracks' }],
    ['Annotations', 'COCO', { format: 'coco' }],
    ['Tracks', 'MOT', { format: 'mot' }],
    ['Subtitles', 'WebVTT', { format: 'vtt' }],
    ['Subtitles', 'SRT', { format: 'srt' }],
];

/** The links of a job. */
export function downloadsView(job) {
    const path = `/v1/jobs/${job.job_id}`;
    const links = [['Video', 'as submitted', `${path}/video`]];
    if (job.status === 'JOB_STATUS_COMPLETED') {
        links.push(['Annotated video', 'MP4 with boxes and texts', `${path}/annotatedVideo`]);
        links.push(...exports.map(([name, format, query]) =>
            [name, format, `${path}/export?${new URLSearchParams(query)}`]));
    }

    return element(
        'ul', { class: 'downloads', id: 'downloads' },
        ...links.map(([name, format, address]) =>
            element('li', {}, element('a', { href: address, download: '' }, name), ` ${format}`)));
}
