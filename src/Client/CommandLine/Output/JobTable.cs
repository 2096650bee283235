using System.Globalization;
using ForegSyte.Protocol.Errors;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace ForegSyte.CommandLine.Output;

/// <summary>
/// Jobs as a table with one line for each. On a narrow terminal the ids are shortened, which every command accepts,
/// long names are cut, and some columns left out.
/// </summary>
internal static class JobTable
{
    /// <summary>Columns that a table with whole ids needs.</summary>
    private const int WideColumns = 150;

    private const int MinNameColumns = 12;

    /// <summary>The columns that a narrow terminal does without, the first one first.</summary>
    private static readonly string[] LessImportant = ["Priority", "Pipeline", "Tenant", "Frames"];

    public static void Write(IAnsiConsole console, IReadOnlyList<Job> jobs, DateTimeOffset now)
    {
        var isWide = console.Profile.Width >= WideColumns;
        var ids = Invocation.JobIds.Shorten([.. jobs.Select(job => job.JobId)]);
        var rows = jobs.Select(job => Cells(job, isWide ? job.JobId : ids[job.JobId], now)).ToList();
        string[] names = ["Job", "Status", "Reason", "Priority", "Frames", "Pipeline", "Tenant", "Created", "Name"];

        // Tenants matter to admins of several; reasons to those with failed jobs.
        var columns = Enumerable.Range(0, names.Length)
            .Where(column => names[column] switch
            {
                "Reason" => rows.Any(row => row[column].Length > 0),
                "Tenant" => rows.Select(row => row[column]).Distinct().Count() > 1,
                _ => true,
            })
            .ToList();
        foreach (var name in LessImportant.TakeWhile(_ => RoomForName(console.Profile.Width, names, columns, rows) < 0))
        {
            columns.Remove(Array.IndexOf(names, name));
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(names[column]).NoWrap());
        }

        var room = Math.Max(MinNameColumns, MinNameColumns + RoomForName(console.Profile.Width, names, columns, rows));
        foreach (var (job, row) in jobs.Zip(rows))
        {
            row[^1] = Cut(row[^1], room);
            table.AddRow(columns.Select(column => new Text(
                row[column], names[column] == "Status" ? JobDetails.StatusStyle(job.Status) : Style.Plain)));
        }

        console.Write(table);
    }

    private static string[] Cells(Job job, string id, DateTimeOffset now) =>
    [
        id,
        StatusOf(job, now),
        ErrorStatus.InfoOf(job.Error)?.Reason ?? "",
        job.Priority.ToString(CultureInfo.InvariantCulture),
        job.Progress is { FramesTotal: > 0 } known
            ? string.Create(CultureInfo.InvariantCulture, $"{known.FramesDone}/{known.FramesTotal}")
            : "",
        SafeText.OneLine(job.PipelineId),
        SafeText.OneLine(job.Tenant),
        Ago(job.CreatedAt, now),
        SafeText.OneLine(job.DisplayName),
    ];

    /// <summary>For example "running", "pending: 3rd in the queue" or "completed, 2 warnings".</summary>
    private static string StatusOf(Job job, DateTimeOffset now)
    {
        var (status, wait, warnings) = (JobText.Status(job.Status), WaitText.Of(job, now), WarningText.CountOf(job));
        return status + (wait.Length > 0 ? $": {wait}" : "") + (warnings.Length > 0 ? $", {warnings}" : "");
    }

    /// <summary>For example "4m 12s ago"; "now" also for a server whose clock is ahead.</summary>
    internal static string Ago(Timestamp? time, DateTimeOffset now)
    {
        if (time is null)
        {
            return "";
        }

        var passed = now - time.ToDateTimeOffset();
        return passed < TimeSpan.FromSeconds(1)
            ? "now"
            : $"{DurationText.Approximate(TimeSpan.FromSeconds(Math.Floor(passed.TotalSeconds)))} ago";
    }

    /// <summary>Columns that the other cells leave to the name, less the minimum; negative if they leave too few.
    /// </summary>
    private static int RoomForName(
        int width, string[] names, IReadOnlyList<int> columns, IReadOnlyList<string[]> rows)
    {
        // Each column of the table has a margin of one on both sides and a line beside it.
        var others = columns.SkipLast(1).Sum(
            column => rows.Max(row => Math.Max(row[column].Length, names[column].Length)) + 3);
        return width - others - 4 - MinNameColumns;
    }

    private static string Cut(string text, int room) =>
        text.Length <= room ? text : new StringInfo(text).SubstringByTextElements(
            0, Math.Max(1, Math.Min(room - 1, new StringInfo(text).LengthInTextElements))) + "…";
}
