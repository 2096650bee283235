using System.CommandLine;
using System.CommandLine.Parsing;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;

namespace ForegSyte.CommandLine.Commands;

/// <summary>The jobs of a command that changes several: their ids, or a filter.</summary>
internal sealed class JobSelection
{
    private const int PageSize = 1000;

    private readonly Argument<string[]> _ids;
    private readonly Option<string?> _filter;
    private readonly Option<bool> _yes;
    private readonly string _allowed;
    private readonly string _verb;
    private readonly bool _asksForIds;

    /// <param name="verb">What happens to the jobs, for example "cancel".</param>
    /// <param name="allowed">AIP-160 expression that selects the jobs that the command accepts.</param>
    /// <param name="asksForIds">Whether to ask also about jobs that are given by id.</param>
    public JobSelection(string verb, string allowed, bool asksForIds)
    {
        (_verb, _allowed, _asksForIds) = (verb, allowed, asksForIds);
        _ids = SharedOptions.JobIds(allowed);
        _filter = new Option<string?>("--filter")
        {
            Description = $"{char.ToUpperInvariant(verb[0])}{verb[1..]} the jobs that match this AIP-160 expression, "
                + "as in list, for example 'tags.camera = \"north\"'.",
            HelpName = "EXPRESSION",
        };
        _yes = new Option<bool>("--yes", "-y")
        {
            Description = $"Do not ask for a confirmation{(asksForIds ? "" : " with --filter")}. Required without a "
                + "terminal.",
        };
    }

    public void AddTo(Command command)
    {
        command.Add(_ids);
        command.Add(_filter);
        command.Add(_yes);
        command.Validators.Add(Check);
    }

    /// <summary>Runs the action for each selected job, after a confirmation if the command needs one.</summary>
    /// <param name="context">Services of the command.</param>
    /// <param name="arguments">The arguments.</param>
    /// <param name="act">Runs the action for the id of a job and returns the outcome, for example "cancelled".</param>
    /// <param name="cancellationToken">Ends the command between two jobs.</param>
    public async Task<ExitCode> RunAsync(
        CommandContext context, ParseResult arguments, Func<string, Task<string>> act,
        CancellationToken cancellationToken)
    {
        var filter = arguments.GetValue(_filter);
        var needsAnswer = (filter is not null || _asksForIds) && !arguments.GetValue(_yes);
        if (needsAnswer && !context.Environment.CanAsk)
        {
            ErrorReport.WriteUsage(
                context.Error,
                "The command cannot ask for a confirmation without a terminal.",
                $"To {_verb} without a confirmation, add --yes.");
            return ExitCode.InvalidArgument;
        }

        IReadOnlyList<string> ids = filter is null
            ? arguments.GetRequiredValue(_ids)
            : await context.Client
                .ListJobsAsync($"({filter}) AND ({_allowed})", PageSize, cancellationToken: cancellationToken)
                .Select(job => job.JobId)
                .ToListAsync(cancellationToken);
        if (ids.Count == 0)
        {
            context.Hint($"The filter matches no job to {_verb}.");
            return ExitCode.Ok;
        }

        if (needsAnswer && !await ConfirmAsync(context.Environment, QuestionFor(ids), cancellationToken))
        {
            context.Hint($"No job was {OutcomeOf(_verb)}.");
            return ExitCode.Cancelled;
        }

        return await JobBatch.RunAsync(context, ids, act, cancellationToken);
    }

    private void Check(CommandResult result)
    {
        var hasIds = result.GetResult(_ids) is { Tokens.Count: > 0 };
        var hasFilter = result.GetResult(_filter) is { Implicit: false };
        if (hasIds == hasFilter)
        {
            result.AddError(hasIds ? "Give either JOB_ID or --filter." : "Give a JOB_ID or --filter.");
        }
    }

    private string QuestionFor(IReadOnlyList<string> ids)
    {
        var what = ids.Count == 1 ? $"job {ids[0]}" : PluralText.Of(ids.Count, "job");
        var with = !_asksForIds ? "" : ids.Count == 1
            ? " with its video and its results"
            : " with their videos and their results";
        return $"{char.ToUpperInvariant(_verb[0])}{_verb[1..]} {what}{with}?";
    }

    /// <summary>Asks the question; only "y" and "yes" confirm.</summary>
    private static async Task<bool> ConfirmAsync(
        CommandEnvironment environment, string question, CancellationToken cancellationToken)
    {
        await environment.Error.WriteAsync($"{SafeText.OneLine(question)} [y/N] ");
        await environment.Error.FlushAsync(cancellationToken);
        // Reading the console blocks its thread and ignores Ctrl-C, so it gets a thread that may be abandoned.
        var answer = await Task.Run(environment.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim().ToLowerInvariant() is "y" or "yes";
    }

    private static string OutcomeOf(string verb) => verb switch
    {
        "retry" => "queued again",
        "cancel" => "cancelled",
        _ => verb + "d",
    };
}
