using System.Text;
using ForegSyte.Client;
using ForegSyte.Exports;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Grpc.Net.Client;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>Seven persons walk through the sample.</summary>
public sealed class TracksTests
{
    private static readonly (ExportTable Table, string Name)[] AllTables =
    [
        (ExportTable.Detections, "detections"), (ExportTable.Texts, "texts"), (ExportTable.Tracks, "tracks"),
        (ExportTable.TextTracks, "text_tracks"),
    ];

    private static readonly (ExportFormat Format, string Name, (ExportTable Table, string Name)[] Tables)[] Exports =
    [
        (ExportFormat.Csv, "csv", AllTables),
        (ExportFormat.Parquet, "parquet", AllTables),
        (ExportFormat.Coco, "coco", [AllTables[0]]),
        (ExportFormat.Mot, "mot", [AllTables[0], AllTables[2]]),
        (ExportFormat.WebVtt, "vtt", [AllTables[3]]),
        (ExportFormat.Srt, "srt", [AllTables[3]]),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pedestrians_AreSevenOrEightTracksThatResultsAndSummaryAgreeWith_AlsoAfterAKill()
    {
        await using var services = new Installation(new Dictionary<string, string>
        {
            ["Dispatch:SegmentFrames"] = "16",
            ["Inference:HealthInterval"] = "00:00:00.050",
            ["Listen:HttpPort"] = "0",
            ["Retry:FirstDelay"] = "00:00:00.050",
        });
        await services.StartAsync();
        var (jobId, job) = await RunAsync(services);

        var results = ForegSyteJson.StrictParser.Parse<ResultsDocument>(await ReadAsync(services, jobId, "results"));
        var tracks = ForegSyteJson.StrictParser.Parse<TracksDocument>(await ReadAsync(services, jobId, "tracks"));
        var persons = tracks.ObjectTracks.Where(track => track.Label == "person").ToList();
        Assert.InRange(persons.Count, 7, 8);
        Assert.Equal(persons.Count, job.Summary.Labels.Single(label => label.Label == "person").TrackCount);
        Assert.Single(tracks.Shots);
        Assert.Equal(
            tracks.ObjectTracks.Select(track => track.TrackId),
            results.Results.SelectMany(frame => frame.Result.Detections)
                .Select(found => found.TrackId)
                .Where(id => id > 0)
                .Distinct()
                .Order());
        Assert.All(results.Results, frame => Assert.Equal(
            BoxesOf(frame).Count, BoxesOf(frame).Distinct().Count()));
        Assert.All(tracks.ObjectTracks, track => Assert.Contains(
            track.TrackId, BoxesOf(results.Results.Single(frame => frame.FrameIndex == track.First.FrameIndex))));

        var page = await ListAsync(services, jobId);
        Assert.Equal(tracks.ObjectTracks, page.ObjectTracks);
        Assert.True(page.Complete, "The page is not complete.");

        await CheckExportsAsync(services, jobId, persons.Count);

        // The tracks go on in the middle of the video. Faults.Tests kills at every other point.
        await services.JobService.DisposeAsync();
        await services.StartJobServiceAsync(new Dictionary<string, string>
        {
            ["Faults:CrashAt"] = "SegmentStored",
            ["Faults:CrashAtPassing"] = "3",
        });
        await using var client = services.Client();
        var killed = (await SubmitAsync(client)).JobId;
        await services.JobService.Exit.WaitAsync(Wait.Timeout, Token);
        await services.RestartJobServiceAsync();
        await using var restarted = services.Client();
        await restarted.WaitForCompletionAsync(killed, Wait.Timeout, cancellationToken: Token);

        Assert.Equal(await ReadAsync(services, jobId, "results"), await ReadAsync(services, killed, "results"));
        Assert.Equal(await ReadAsync(services, jobId, "tracks"), await ReadAsync(services, killed, "tracks"));
    }

    /// <summary>Every format and table has the same bytes from the server as from the client.</summary>
    private static async Task CheckExportsAsync(Installation services, string jobId, int persons)
    {
        await using var client = services.Client();
        using var http = new HttpClient { BaseAddress = services.HttpAddress };
        foreach (var (format, name, tables) in Exports)
        {
            foreach (var (table, tableName) in tables)
            {
                var served = await http.GetByteArrayAsync(
                    new Uri($"/v1/jobs/{jobId}/export?format={name}&table={tableName}", UriKind.Relative), Token);
                using var read = new MemoryStream();
                await client.ExportAsync(
                    jobId, new ExportOptions { Format = format, Table = table }, read, cancellationToken: Token);

                Assert.True(
                    served.AsSpan().SequenceEqual(read.ToArray()),
                    $"{name} of {tableName}: the server's {served.Length} bytes are not the client's {read.Length}.");
                if ((format, table) == (ExportFormat.Csv, ExportTable.Tracks))
                {
                    Assert.Equal(
                        persons,
                        Encoding.UTF8.GetString(served)
                            .Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
                            .Count(row => row.Split(',')[1] == "person"));
                }
            }
        }
    }

    private static List<int> BoxesOf(FrameResult frame) =>
    [
        .. frame.Result.Detections.Concat(frame.Result.InterpolatedDetections)
            .Select(found => found.TrackId)
            .Where(id => id > 0),
    ];

    private static async Task<(string JobId, Job Job)> RunAsync(Installation services)
    {
        await using var client = services.Client();
        var jobId = (await SubmitAsync(client)).JobId;
        return (jobId, await client.WaitForCompletionAsync(jobId, Wait.Timeout, cancellationToken: Token));
    }

    private static Task<Job> SubmitAsync(ForegSyteClient client) => client.SubmitFileAsync(
        RepositoryFiles.Pedestrians, new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token);

    private static async Task<ListObjectTracksResponse> ListAsync(Installation services, string jobId)
    {
        using var channel = GrpcChannel.ForAddress(services.JobAddress);
        return await new V1.JobService.JobServiceClient(channel).ListObjectTracksAsync(
            new ListObjectTracksRequest { JobId = jobId }, cancellationToken: Token);
    }

    private static Task<string> ReadAsync(Installation services, string jobId, string kind) =>
        File.ReadAllTextAsync(Path.Combine(services.Storage, $"{jobId}_{kind}.json"), Token);
}
