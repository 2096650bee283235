using System.CommandLine;
using System.CommandLine.Completions;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>
/// Marks arguments whose candidates come from the shell or the server. System.CommandLine reads candidates
/// synchronously, so an argument only returns a marker, which the complete directive resolves.
/// </summary>
internal static class CompletionSources
{
    private const string FilesMarker = ":files";
    private const string PipelinesMarker = ":pipelines";
    private const string JobsMarker = ":jobs ";

    /// <summary>Completes paths.</summary>
    public static Argument<T> CompletesFiles<T>(this Argument<T> argument)
    {
        argument.CompletionSources.Add(_ => [new CompletionItem(FilesMarker)]);
        return argument.WithHelpName();
    }

    /// <inheritdoc cref="CompletesFiles{T}(Argument{T})"/>
    public static Option<T> CompletesFiles<T>(this Option<T> option)
    {
        option.CompletionSources.Add(_ => [new CompletionItem(FilesMarker)]);
        return option;
    }

    /// <summary>Completes ids of pipelines.</summary>
    public static Option<T> CompletesPipelines<T>(this Option<T> option)
    {
        option.CompletionSources.Add(_ => [new CompletionItem(PipelinesMarker)]);
        return option;
    }

    /// <summary>Completes ids of jobs.</summary>
    /// <param name="argument">The argument.</param>
    /// <param name="filter">AIP-160 expression that selects the jobs.</param>
    public static Argument<T> CompletesJobs<T>(this Argument<T> argument, string filter)
    {
        argument.CompletionSources.Add(_ => [new CompletionItem(JobsMarker + filter)]);
        return argument.WithHelpName();
    }

    /// <inheritdoc cref="CompletesJobs{T}(Argument{T}, string)"/>
    /// <param name="option">The option.</param>
    /// <param name="filter">AIP-160 expression that selects the jobs.</param>
    public static Option<T> CompletesJobs<T>(this Option<T> option, string filter)
    {
        option.CompletionSources.Add(_ => [new CompletionItem(JobsMarker + filter)]);
        return option;
    }

    public static bool IsFiles(string label) => label == FilesMarker;

    public static bool IsPipelines(string label) => label == PipelinesMarker;

    public static bool IsJobs(string label, out string filter)
    {
        var isJobs = label.StartsWith(JobsMarker, StringComparison.Ordinal);
        filter = isJobs ? label[JobsMarker.Length..] : "";
        return isJobs;
    }

    /// <summary>Without a help name, --help would show the markers.</summary>
    private static Argument<T> WithHelpName<T>(this Argument<T> argument)
    {
        argument.HelpName ??= argument.Name;
        return argument;
    }
}
