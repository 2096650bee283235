using System.CommandLine;
using System.CommandLine.Completions;

namespace ForegSyte.CommandLine.Completion;

/// <summary>
/// What completes an argument that no fixed list does. The library asks for candidates at once and without the server;
/// so arguments name what they want, and <see cref="CompleteDirective"/> gets it.
/// </summary>
internal static class CompletionSources
{
    private const string FilesMark = ":files";
    private const string PipelinesMark = ":pipelines";
    private const string JobsMark = ":jobs ";

    /// <summary>The argument is a path.</summary>
    public static Argument<T> WantsFiles<T>(this Argument<T> argument)
    {
        argument.CompletionSources.Add(_ => [new CompletionItem(FilesMark)]);
        return argument.ShownByItsName();
    }

    /// <inheritdoc cref="WantsFiles{T}(Argument{T})"/>
    public static Option<T> WantsFiles<T>(this Option<T> option)
    {
        option.CompletionSources.Add(_ => [new CompletionItem(FilesMark)]);
        return option;
    }

    /// <summary>The value is one of these names, which are shown in lower case.</summary>
    public static Option<T> WantsOneOf<T>(this Option<T> option, params string[] names)
    {
        option.CompletionSources.Clear();
        option.CompletionSources.Add(_ => names.Select(name => new CompletionItem(name.ToLowerInvariant())));
        return option;
    }

    /// <summary>The value is the id of a pipeline.</summary>
    public static Option<T> WantsPipelines<T>(this Option<T> option)
    {
        option.CompletionSources.Add(_ => [new CompletionItem(PipelinesMark)]);
        return option;
    }

    /// <summary>The argument is the id of a job.</summary>
    /// <param name="argument">The argument.</param>
    /// <param name="filter">AIP-160 expression: which jobs make sense.</param>
    public static Argument<T> WantsJobs<T>(this Argument<T> argument, string filter)
    {
        argument.CompletionSources.Add(_ => [new CompletionItem(JobsMark + filter)]);
        return argument.ShownByItsName();
    }

    /// <summary>Whether this is no candidate but asks for file names, which the shell knows best.</summary>
    public static bool IsFiles(string label) => label == FilesMark;

    /// <summary>Whether this is no candidate but asks for the server's pipelines.</summary>
    public static bool IsPipelines(string label) => label == PipelinesMark;

    /// <summary>Whether this is no candidate but asks for jobs that pass a filter.</summary>
    public static bool IsJobs(string label, out string filter)
    {
        var isJobs = label.StartsWith(JobsMark, StringComparison.Ordinal);
        filter = isJobs ? label[JobsMark.Length..] : "";
        return isJobs;
    }

    /// <summary>Without a name for help, help shows an argument's candidates: the marks of this class.</summary>
    private static Argument<T> ShownByItsName<T>(this Argument<T> argument)
    {
        argument.HelpName ??= argument.Name;
        return argument;
    }
}
