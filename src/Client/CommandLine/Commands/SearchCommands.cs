using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.V1;
using Google.Protobuf;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>search: finds objects and texts in all jobs.</summary>
internal static class SearchCommands
{
    private const int DefaultLimit = 50;
    private const int MaxPageSize = 1000;

    public static Command Create(CommandRunner runner) =>
        new("search", "Find objects and texts in all completed jobs, those of the newest jobs first.")
        {
            CreateTracks(runner),
            CreateTexts(runner),
        };

    private static Command CreateTracks(CommandRunner runner)
    {
        var label = Text("--label", "Find only objects of this class, for example person.", "NAME");
        var zone = Text("--zone", "Find only objects that were in this zone.", "ZONE_ID");
        var line = Text("--line", "Find only objects that crossed this line.", "LINE_ID");
        var shared = new SearchOptions();
        var command = new Command("tracks", "Find objects.") { label, zone, line };
        shared.AddTo(command, "the objects {\"matches\":[…]}");
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var count = arguments.GetValue(shared.Limit);
                var request = new SearchTracksRequest
                {
                    Label = arguments.GetValue(label) ?? "",
                    ZoneId = arguments.GetValue(zone) ?? "",
                    LineId = arguments.GetValue(line) ?? "",
                    MinConfidence = arguments.GetValue(shared.MinConfidence),
                    JobFilter = arguments.GetValue(shared.Filter) ?? "",
                    PageSize = Math.Min(count + 1, MaxPageSize),
                };
                var matches = context.Client.SearchTracksAsync(request, cancellationToken: token);
                await WriteAsync(
                    context, arguments.GetValue(shared.Json), matches, count, "Object",
                    match => (match.Job, match.Track.TrackId, match.Track.Label, match.Track.Confidence,
                        match.Track.First?.FrameTimestampMs ?? 0, match.Track.Last?.FrameTimestampMs ?? 0),
                    token);
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Command CreateTexts(CommandRunner runner)
    {
        var text = new Argument<string>("TEXT")
        {
            Description = "Text to look for, in any case; spaces and punctuation do not count.",
        };
        var match = new Option<TextMatch?>("--match")
        {
            Description = "How a reading matches. exact: equals the text; contains (the default): has it as a part; "
                + "fuzzy: like contains, with up to one wrong character for every 4.",
            HelpName = "MATCH",
        }.AcceptsOneOf(nameof(TextMatch.Exact), nameof(TextMatch.Contains), nameof(TextMatch.Fuzzy));
        var shared = new SearchOptions();
        var command = new Command("texts", "Find texts.") { text, match };
        shared.AddTo(command, "the texts {\"matches\":[…]}");
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var count = arguments.GetValue(shared.Limit);
                var request = new SearchTextsRequest
                {
                    Text = arguments.GetRequiredValue(text),
                    Match = arguments.GetValue(match) ?? TextMatch.Contains,
                    MinConfidence = arguments.GetValue(shared.MinConfidence),
                    JobFilter = arguments.GetValue(shared.Filter) ?? "",
                    PageSize = Math.Min(count + 1, MaxPageSize),
                };
                var matches = context.Client.SearchTextsAsync(request, cancellationToken: token);
                await WriteAsync(
                    context, arguments.GetValue(shared.Json), matches, count, "Text",
                    found => (found.Job, found.Track.TrackId, found.Track.Text, found.Track.Confidence,
                        found.Track.First?.FrameTimestampMs ?? 0, found.Track.Last?.FrameTimestampMs ?? 0),
                    token);
                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Option<string?> Text(string name, string description, string help) =>
        new(name) { Description = description, HelpName = help };

    private static async Task WriteAsync<T>(
        CommandContext context, bool isJson, IAsyncEnumerable<T> matches, int limit, string what,
        Func<T, (MatchedJob Job, int TrackId, string Text, float Confidence, uint From, uint To)> rowOf,
        CancellationToken cancellationToken)
        where T : IMessage
    {
        if (isJson)
        {
            await JsonLines.WriteAsync(context.Environment.Output, "matches", matches.Take(limit), cancellationToken);
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn(new TableColumn("Job").NoWrap());
        table.AddColumns("Created", "Name", "Track", what, "Confidence", "From", "To");
        var isMore = false;
        await foreach (var match in matches.WithCancellation(cancellationToken))
        {
            if (table.Rows.Count == limit)
            {
                isMore = true;
                break;
            }

            var (job, trackId, text, confidence, from, to) = rowOf(match);
            string[] cells =
            [
                job.JobId, JobText.Time(job.CreatedAt), job.DisplayName,
                trackId.ToString(CultureInfo.InvariantCulture), text,
                TrackText.Percent(confidence), TrackText.Time(from), TrackText.Time(to),
            ];
            table.AddRow(cells.Select(cell => new Text(SafeText.OneLine(cell))));
        }

        if (table.Rows.Count == 0)
        {
            context.Hint("Nothing found.");
            return;
        }

        context.Output.Write(table);
        if (isMore)
        {
            context.Hint(string.Create(
                CultureInfo.InvariantCulture,
                $"There are more matches than these {limit}. --limit {10L * limit} shows more of them."));
        }
    }

    /// <summary>The options of both commands.</summary>
    private sealed class SearchOptions
    {
        public Option<float> MinConfidence { get; } = new("--min-confidence")
        {
            Description = "Minimum confidence, 0 to 1.",
            HelpName = "C",
        };

        public Option<string?> Filter { get; } = Text(
            "--filter",
            "Search only jobs that match this AIP-160 expression, as in list, for example 'tags.camera = \"north\"'.",
            "EXPRESSION");

        public Option<int> Limit { get; } = SharedOptions.Limit("results", DefaultLimit);

        public Option<bool> Json { get; private set; } = null!;

        public void AddTo(Command command, string json)
        {
            Json = SharedOptions.Json(json);
            command.Add(MinConfidence);
            command.Add(Filter);
            command.Add(Limit);
            command.Add(Json);
        }
    }
}
