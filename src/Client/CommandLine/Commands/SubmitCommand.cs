using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.Protocol.Json;

namespace ForegSyte.CommandLine.Commands;

/// <summary>submit: submits a video and prints the id of its job.</summary>
internal static class SubmitCommand
{
    public static Command Create(CommandRunner runner)
    {
        var video = new Argument<string>("FILE|URI")
        {
            Description =
                "Path of a local MP4 of any size, or a file://, https:// or s3:// URI that the server reads itself.",
        }.CompletesFiles();
        var submission = new SubmissionOptions();
        var json = SharedOptions.Json("the job");
        var command = new Command("submit", "Submit a video and print the id of its job.") { video, json };
        submission.AddTo(command);
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => RunAsync(
                context,
                arguments.GetRequiredValue(video),
                submission.Read(arguments),
                arguments.GetValue(json),
                token),
            cancellationToken));
        return command;
    }

    private static async Task<ExitCode> RunAsync(
        CommandContext context, string video, SubmitOptions options, bool isJson, CancellationToken cancellationToken)
    {
        var job = video.Contains("://", StringComparison.Ordinal)
            && Uri.TryCreate(video, UriKind.Absolute, out var uri)
            ? await context.Client.SubmitVideoAsync(uri, options, cancellationToken: cancellationToken)
            : await FileSubmission.SubmitAsync(
                context, context.Environment.PathOf(video), options, cancellationToken);
        await context.Environment.Output.WriteLineAsync(
            isJson ? ForegSyteJson.IndentedFormatter.Format(job) : job.JobId);
        context.Hint($"To follow it: foregsyte wait {job.JobId}");
        return ExitCode.Ok;
    }
}
