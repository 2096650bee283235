using System.CommandLine;
using System.Globalization;
using ForegSyte.CommandLine.Invocation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Protocol.Text;
using ForegSyte.V1;
using Spectre.Console;

namespace ForegSyte.CommandLine.Commands;

/// <summary>usage: lists what tenants store.</summary>
internal static class UsageCommand
{
    public static Command Create(CommandRunner runner)
    {
        var json = SharedOptions.Json("the tenants {\"usage\":[…]}");
        var command = new Command(
            "usage",
            "List how many jobs each tenant has and how much space its videos, results and open uploads take, with the "
            + "quotas. Admins see all tenants, other callers their own.")
        {
            json,
        };
        command.SetAction((arguments, cancellationToken) => runner.RunAsync(
            arguments,
            async (context, token) =>
            {
                var usage = context.Client.ListTenantUsageAsync(cancellationToken: token);
                if (arguments.GetValue(json))
                {
                    await JsonLines.WriteAsync(context.Environment.Output, "usage", usage, token);
                }
                else
                {
                    context.Output.Write(TableOf(await usage.ToListAsync(token)));
                }

                return ExitCode.Ok;
            },
            cancellationToken));
        return command;
    }

    private static Table TableOf(IReadOnlyList<TenantUsage> usage)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("Tenant", "Jobs", "Videos", "Results", "Uploads");
        foreach (var one in usage)
        {
            table.AddRow(
                new Text(one.Tenant.Length > 0 ? SafeText.OneLine(one.Tenant) : "(none)"),
                new Text(Of(one.JobCount.ToString(CultureInfo.InvariantCulture), one.MaxJobCount > 0
                    ? one.MaxJobCount.ToString(CultureInfo.InvariantCulture) : null)),
                new Text(Of(SizeText.Approximate(one.VideoBytes), Limit(one.MaxVideoBytes))),
                new Text(Of(SizeText.Approximate(one.ResultBytes), Limit(one.MaxResultBytes))),
                new Text(one.UploadCount == 0
                    ? "0"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"{one.UploadCount}, {SizeText.Approximate(one.UploadBytes)}")));
        }

        return table;
    }

    private static string? Limit(long bytes) => bytes > 0 ? SizeText.Approximate(bytes) : null;

    private static string Of(string value, string? limit) => limit is null ? value : $"{value} of {limit}";
}
