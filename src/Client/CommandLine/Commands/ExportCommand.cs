using System.CommandLine;
using System.Text;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Exports;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>export: writes the results of a completed job in another format.</summary>
internal static class ExportCommand
{
    public static Command Create(CommandRunner runner)
    {
        var jobId = SharedOptions.JobId("status = COMPLETED");
        var format = new Option<string>("--format", "-f")
        {
            Description = "File format: csv, parquet, coco (COCO JSON), mot (MOT Challenge), vtt or srt (subtitles of "
                + "the texts).",
            HelpName = "FORMAT",
            Required = true,
        }.AcceptsOneOf([.. ExportFormats.Names]);
        var table = new Option<string>("--table")
        {
            Description = "Content of csv and parquet: detections (the default), texts, tracks or text_tracks; of mot: "
                + "tracks (the default) or detections.",
            HelpName = "TABLE",
        }.AcceptsOneOf([.. ExportFormats.TableNames]);
        var label = new Option<string[]>("--label")
        {
            Description = "Class name of the wanted objects; can be repeated. Default: all.",
            HelpName = "LABEL",
            DefaultValueFactory = _ => [],
        };
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The file to create. Default: standard output.",
            HelpName = "FILE",
        }.CompletesFiles();
        var command = new Command(
            "export", "Write the results of a completed job in another format; docs/exports.md describes the formats.")
        {
            jobId, format, table, label, output,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) =>
            {
                var options = ExportFormats.Parse(
                    arguments.GetRequiredValue(format), arguments.GetValue(table) ?? "",
                    arguments.GetRequiredValue(label), out var problem);
                return options is null
                    ? Task.FromResult(Refuse(context, $"--{problem!.Message}", "'foregsyte export --help' lists them."))
                    : RunAsync(
                        context, arguments.GetRequiredValue(jobId), options, arguments.GetValue(output), token);
            },
            cancellationToken));
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        CommandContext context, string jobId, ExportOptions options, string? output,
        CancellationToken cancellationToken)
    {
        if (output is null && context.Environment.OutputIsTerminal && !ExportFormats.Of(options.Format).IsText)
        {
            return Refuse(
                context, $"{options.Format} is a binary format, which a terminal cannot show.",
                "Name a file with --output.");
        }

        jobId = await context.JobIdAsync(jobId, cancellationToken);
        var job = await context.Client.GetJobAsync(jobId, cancellationToken: cancellationToken);
        if (job.Status != JobStatus.Completed)
        {
            var isTerminal = job.Status.IsTerminal();
            Refuse(
                context,
                $"The job is {JobText.Status(job.Status)}; only completed jobs can be exported.",
                isTerminal
                    ? $"'foregsyte results {jobId}' prints what it found."
                    : $"'foregsyte wait {jobId}' waits until it ends.");
            return isTerminal ? ExitCodes.Of(job.Status) : ExitCode.InvalidArgument;
        }

        HintAtUnknownLabels(context, job, options);
        if (output is not null)
        {
            var path = context.Environment.PathOf(output);
            await context.Client.ExportAsync(jobId, options, path, cancellationToken: cancellationToken);
            context.WritePath("Export", path);
            return ExitCode.Ok;
        }

        await using var destination = context.Environment.OutputIsTerminal
            ? new TerminalStream(context.Environment.Output)
            : context.Environment.OpenOutput();
        await context.Client.ExportAsync(jobId, options, destination, cancellationToken: cancellationToken);
        return ExitCode.Ok;
    }

    /// <summary>A misspelled label would be an empty table without a word.</summary>
    private static void HintAtUnknownLabels(CommandContext context, Job job, ExportOptions options)
    {
        string[] found = [.. job.Summary.Labels.Select(summary => summary.Label)];
        foreach (var label in options.Labels.Except(found, StringComparer.Ordinal))
        {
            context.Hint(
                $"The job found no object with the label '{SafeText.OneLine(label)}'."
                + NearestNames.Question(label, found.Select(SafeText.OneLine)));
        }
    }

    private static ExitCode Refuse(CommandContext context, string problem, string whatToDo)
    {
        ErrorReport.WriteUsage(context.Error, problem, whatToDo);
        return ExitCode.InvalidArgument;
    }

    /// <summary>
    /// Shows UTF-8 text on a terminal. Texts of a video must neither command the terminal nor reorder its lines.
    /// </summary>
    private sealed class TerminalStream(TextWriter terminal) : Stream
    {
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var characters = new char[_decoder.GetCharCount(buffer.Span, flush: false)];
            var count = _decoder.GetChars(buffer.Span, characters, flush: false);

            // The lines of CSV end with CRLF.
            var text = new string(characters, 0, count).Replace("\r", "", StringComparison.Ordinal);
            await terminal.WriteAsync(ControlCharacters.EscapeLines(text).AsMemory(), cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => terminal.FlushAsync(cancellationToken);

        public override void Flush() => terminal.Flush();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
