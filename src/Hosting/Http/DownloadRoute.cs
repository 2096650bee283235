using Google.Protobuf.Reflection;

namespace ForegSyte.Hosting.Http;

/// <summary>A path whose response is a file instead of JSON. The call decides who may read it.</summary>
/// <param name="Path">Path of GET and HEAD.</param>
/// <param name="OperationId">Name of the operation in OpenAPI.</param>
/// <param name="Description">What the file is, for OpenAPI; empty if the comment of the method says it.</param>
/// <param name="MediaTypes">Its possible content types.</param>
/// <param name="HasRanges">Whether the caller can ask for byte ranges.</param>
/// <param name="Parameters">Query parameters that are not fields of the request. The handler gets them.</param>
internal sealed record DownloadRoute(
    string Path, string OperationId, string Description, IReadOnlyList<string> MediaTypes, bool HasRanges,
    IReadOnlyList<DownloadParameter> Parameters)
{
    private static readonly Dictionary<string, DownloadRoute[]> ByMethod = new()
    {
        ["foregsyte.v1.JobService.DownloadVideo"] =
        [
            new("/v1/jobs/{job_id}/video", "DownloadVideoFile", Description: "", ["video/mp4"], HasRanges: true, []),
            new(
                "/v1/jobs/{job_id}/annotatedVideo",
                "DownloadAnnotatedVideo",
                "Returns a copy of the video of a completed job with what was found drawn on it: an MP4 with H.264, "
                + "without sound, made while it is sent. If it fails after its first bytes, the connection is aborted.",
                ["video/mp4"],
                HasRanges: false,
                []),
        ],
        ["foregsyte.v1.JobService.GetFrame"] =
        [
            new(
                "/v1/jobs/{job_id}/frames/{frame_index}", "GetFramePicture", Description: "", ["image/jpeg"],
                HasRanges: true, []),
        ],
        ["foregsyte.v1.JobService.GetJobResults"] =
        [
            new(
                "/v1/jobs/{job_id}/export",
                "ExportJob",
                "Returns the results of a completed job as a file. The columns and fields of each format are in "
                + "docs/exports.md. If the export fails after its first bytes, the connection is aborted.",
                [
                    "text/csv", "application/vnd.apache.parquet", "application/json", "text/plain", "text/vtt",
                    "application/x-subrip",
                ],
                HasRanges: false,
                [
                    new DownloadParameter(
                        "format", "File format.", ["csv", "parquet", "coco", "mot", "vtt", "srt"], IsRequired: true),
                    new DownloadParameter(
                        "table",
                        "Content of csv and parquet (default detections) and of mot (tracks, the default, or "
                        + "detections).",
                        ["detections", "texts", "tracks", "text_tracks"]),
                    new DownloadParameter(
                        "label", "Class name of the wanted objects; can be repeated, at most 100. Without it, all.", [],
                        IsRepeated: true),
                ]),
        ],
    };

    /// <summary>The downloads of a method.</summary>
    public static IEnumerable<DownloadRoute> Of(MethodDescriptor method) =>
        ByMethod.GetValueOrDefault(method.FullName, []);

    /// <summary>Whether a query parameter is one of this route instead of a field of the request.</summary>
    public bool HasParameter(string name) => Parameters.Any(parameter => parameter.Name == name);
}

/// <summary>A query parameter of a download.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it selects, for OpenAPI.</param>
/// <param name="Values">The possible values; empty for any text.</param>
/// <param name="IsRequired">Whether the download needs it.</param>
/// <param name="IsRepeated">Whether it can be given several times.</param>
internal sealed record DownloadParameter(
    string Name, string Description, IReadOnlyList<string> Values, bool IsRequired = false, bool IsRepeated = false);
