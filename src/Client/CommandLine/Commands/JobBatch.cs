using ForegSyte.Client;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using Grpc.Core;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Applies one action to several jobs.</summary>
internal static class JobBatch
{
    /// <summary>
    /// Runs the action for each job and prints the id and the outcome. An error about one job does not stop the batch;
    /// an unavailable server does.
    /// </summary>
    /// <param name="context">Services of the command.</param>
    /// <param name="jobIds">Ids of the jobs; duplicates are ignored.</param>
    /// <param name="act">Runs the action and returns the outcome, for example "cancelled".</param>
    /// <param name="cancellationToken">Ends the batch between two jobs.</param>
    /// <returns>Ok, or the exit code of the first error.</returns>
    /// <exception cref="ForegSyteException">The only job failed, or the server could not be reached.</exception>
    public static async Task<ExitCode> RunAsync(
        CommandContext context, IEnumerable<string> jobIds, Func<string, Task<string>> act,
        CancellationToken cancellationToken)
    {
        string[] distinct = [.. jobIds.Distinct(StringComparer.OrdinalIgnoreCase)];
        var exitCode = ExitCode.Ok;
        foreach (var given in distinct)
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                var jobId = await JobIds.ResolveAsync(context.Client, given, cancellationToken);
                var outcome = await act(jobId);
                await context.Environment.Output.WriteLineAsync(SafeText.OneLine($"{jobId} {outcome}"));
            }
            catch (Exception failure) when (distinct.Length > 1 && IsAboutTheJob(failure))
            {
                ErrorReport.Write(context.Error, failure, context.IsVerbose, given);
                exitCode = exitCode == ExitCode.Ok ? ExitCodes.Of(failure) : exitCode;
            }
        }

        return exitCode;
    }

    /// <summary>Whether other jobs may succeed. An argument error means that the digits of an id are not unique.
    /// </summary>
    private static bool IsAboutTheJob(Exception failure) => failure is ArgumentException
        || (failure is ForegSyteException { ReasonText.Length: > 0 } refused
            && refused.Code is not (StatusCode.Unavailable or StatusCode.DeadlineExceeded));
}
