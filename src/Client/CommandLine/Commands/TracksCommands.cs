using System.CommandLine;
using System.Globalization;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Google.Protobuf;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>tracks, texts and shots: list what happened in a job's video, over time.</summary>
internal static class TracksCommands
{
    private const int PageSize = 1000;

    /// <summary>tracks: lists the objects of a job.</summary>
    public static Command CreateTracks(CommandRunner runner) => Create(
        runner,
        "tracks",
        "List the objects of a job over time: who was seen from when to when, in which zones, across which lines.",
        "object_tracks",
        (client, jobId, token) => client.ListObjectTracksAsync(jobId, PageSize, cancellationToken: token),
        WriteTracks);

    /// <summary>texts: lists the texts of a job.</summary>
    public static Command CreateTexts(CommandRunner runner) => Create(
        runner,
        "texts",
        "List the texts of a job over time: which sign could be read from when to when.",
        "text_tracks",
        (client, jobId, token) => client.ListTextTracksAsync(jobId, PageSize, cancellationToken: token),
        WriteTexts);

    /// <summary>shots: lists the parts of a job's video between cuts.</summary>
    public static Command CreateShots(CommandRunner runner) => Create(
        runner,
        "shots",
        "List the parts of a job's video between cuts.",
        "shots",
        (client, jobId, token) => client.ListShotsAsync(jobId, PageSize, cancellationToken: token),
        WriteShots);

    private static Command Create<T>(
        CommandRunner runner, string name, string description, string jsonName,
        Func<ForegSyteClient, string, CancellationToken, IAsyncEnumerable<T>> list,
        Action<CommandContext, IReadOnlyList<T>> write)
        where T : IMessage
    {
        var jobId = SharedOptions.JobId();
        var json = SharedOptions.Json($"them {{\"{jsonName}\":[…]}}");
        var command = new Command(
            name, description + " For a running job, the command lists those of the finished part.")
        {
            jobId, json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var id = await context.JobIdAsync(arguments.GetRequiredValue(jobId), token);
                var items = list(context.Client, id, token);
                if (arguments.GetValue(json))
                {
                    await JsonLines.WriteAsync(context.Environment.Output, jsonName, items, token);
                }
                else
                {
                    write(context, await items.ToListAsync(token));
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static void WriteTracks(CommandContext context, IReadOnlyList<ObjectTrack> tracks)
    {
        if (tracks.Count == 0)
        {
            context.Hint("No objects were tracked.");
            return;
        }

        context.Output.WriteLine(SafeText.OneLine(TrackText.Counts(
            tracks.GroupBy(track => track.Label).Select(group => (group.Key, group.Count())))));
        var hasPlaces = tracks.Any(track => track.ZoneVisits.Count + track.LineCrossings.Count > 0);
        var table = TableOf("Track", "Object", "Confidence", "From", "To", "Seconds", "Frames");
        if (hasPlaces)
        {
            table.AddColumn("Zones and lines");
        }

        foreach (var track in tracks)
        {
            string[] cells =
            [
                Number(track.TrackId), track.Label, TrackText.Percent(track.Confidence),
                .. Times(track.First?.FrameTimestampMs ?? 0, track.Last?.FrameTimestampMs ?? 0, track.Live),
                Number(track.FramesSeen),
                .. hasPlaces ? [TrackText.Places(track)] : Array.Empty<string>(),
            ];
            Add(table, cells);
        }

        context.Output.Write(table);
    }

    private static void WriteTexts(CommandContext context, IReadOnlyList<TextTrack> tracks)
    {
        if (tracks.Count == 0)
        {
            context.Hint("No texts were tracked.");
            return;
        }

        var table = TableOf(
            "Track", "Text", "Confidence", "From", "To", "Seconds", "Frames", "Also read as", "On track");
        foreach (var track in tracks)
        {
            Add(
                table,
                [
                    Number(track.TrackId), track.Text, TrackText.Percent(track.Confidence),
                    .. Times(track.First?.FrameTimestampMs ?? 0, track.Last?.FrameTimestampMs ?? 0, track.Live),
                    Number(track.FramesSeen),
                    string.Join(
                        ", ",
                        track.Readings.Where(reading => reading.Text != track.Text).Select(reading => reading.Text)),
                    track.ObjectTrackId > 0 ? Number(track.ObjectTrackId) : "",
                ]);
        }

        context.Output.Write(table);
    }

    private static void WriteShots(CommandContext context, IReadOnlyList<Shot> shots)
    {
        if (shots.Count == 0)
        {
            context.Hint("No shots were detected.");
            return;
        }

        var table = TableOf("Shot", "From", "To", "Seconds", "First frame", "Last frame");
        foreach (var shot in shots)
        {
            Add(
                table,
                [
                    Number(shot.Number), .. Times(shot.FirstTimestampMs, shot.LastTimestampMs, shot.Live),
                    Number(shot.FirstFrameIndex), Number(shot.LastFrameIndex),
                ]);
        }

        context.Output.Write(table);
    }

    private static Table TableOf(params string[] columns) => new Table().Border(TableBorder.Simple).AddColumns(columns);

    private static void Add(Table table, IEnumerable<string> cells) =>
        table.AddRow(cells.Select(cell => new Text(SafeText.OneLine(cell))));

    /// <summary>From, to and the seconds between; something that may go on has dots after its end.</summary>
    private static string[] Times(uint from, uint to, bool isLive) =>
        [TrackText.Time(from), TrackText.Time(to) + (isLive ? " …" : ""), TrackText.Seconds(from, to)];

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
