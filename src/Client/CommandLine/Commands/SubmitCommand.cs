using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Completion;
using ForegSyte.CommandLine.Running;
using ForegSyte.CommandLine.Waiting;
using ForegSyte.Protocol.Json;
using ForegSyte.V1;

namespace ForegSyte.CommandLine.Commands;

/// <summary>submit: makes a job of a video and writes its id.</summary>
internal static class SubmitCommand
{
    /// <summary>The command.</summary>
    public static Command Create(CommandRunner runner)
    {
        var video = new Argument<string>("FILE|URI")
        {
            Description =
                "An MP4 of this machine, of any size, or a file://, https:// or s3:// URI "
                + "that the server reads itself.",
        }.WantsFiles();
        var videoOptions = new VideoOptions();
        var json = SharedArguments.Json("the job");
        var command = new Command("submit", "Submit a video and print the id of its job.") { video, json };
        videoOptions.AddTo(command);
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            (context, token) => RunAsync(
                context,
                arguments.GetRequiredValue(video),
                videoOptions.Read(arguments),
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
            ? await context.Client.SubmitVideoAsync(uri, options, cancellationToken)
            : await FileSubmission.SubmitAsync(
                context, context.Environment.PathOf(video), options, cancellationToken);
        await WriteAsync(context, job, isJson);
        return ExitCode.Ok;
    }

    private static async Task WriteAsync(CommandContext context, Job job, bool isJson)
    {
        await context.Environment.Output.WriteLineAsync(
            isJson ? ForegSyteJson.IndentedFormatter.Format(job) : job.JobId);
        context.Hint($"To follow it: foregsyte wait {job.JobId}");
    }
}
