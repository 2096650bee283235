using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Net.Client;
using static System.FormattableString;

namespace ForegSyte.Example;

/// <summary>Counts who was in a zone and who crossed a line.</summary>
internal static class Zones
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static DateTime Deadline => TimeProvider.System.GetUtcNow().UtcDateTime + Timeout;

    /// <summary>Runs the example and returns its exit code.</summary>
    public static async Task<int> RunAsync(string server, string path)
    {
        using var channel = GrpcChannel.ForAddress($"http://{server}");
        var jobs = new JobService.JobServiceClient(channel);
        var request = new SubmitVideoRequest
        {
            Content = ByteString.CopyFrom(await File.ReadAllBytesAsync(path)),
            PipelineId = "detect_only",
            Options = new JobOptions
            {
                // The left half of the frame, and its vertical middle line from top to bottom.
                Zones = { new Zone { Id = "left", Area = Polygon((0, 0), (0.5, 0), (0.5, 1), (0, 1)) } },
                Lines = { new CountingLine { Id = "middle", Start = At(0.5, 0), End = At(0.5, 1) } },
            },
            RequestId = Guid.NewGuid().ToString(),
        };
        var job = (await jobs.SubmitVideoAsync(request, deadline: Deadline)).Job;
        while (job.Status is not (JobStatus.Completed or JobStatus.Failed or JobStatus.Cancelled))
        {
            var wait = new WaitJobRequest
            {
                JobId = job.JobId,
                Etag = job.Etag,
                Timeout = Duration.FromTimeSpan(Timeout / 2),
            };
            job = (await jobs.WaitJobAsync(wait, deadline: Deadline)).Job;
        }

        if (job.Status != JobStatus.Completed)
        {
            await Console.Error.WriteLineAsync($"The job ended as {job.Status}: {job.ErrorMessage}");
            return 1;
        }

        foreach (var count in job.Summary.Zones.SelectMany(zone => zone.Tracks))
        {
            Console.WriteLine(Invariant($"{count.Label}: {count.Count} in the left half"));
        }

        foreach (var line in job.Summary.Lines)
        {
            Console.WriteLine(Invariant(
                $"crossings: {line.ToLeft.Sum(count => count.Count)} to the left of the line, ")
                + Invariant($"{line.ToRight.Sum(count => count.Count)} to its right"));
        }

        return 0;
    }

    private static RelativePoint At(double x, double y) => new() { X = x, Y = y };

    private static RelativePolygon Polygon(params (double X, double Y)[] corners) =>
        new() { Points = { corners.Select(corner => At(corner.X, corner.Y)) } };
}
