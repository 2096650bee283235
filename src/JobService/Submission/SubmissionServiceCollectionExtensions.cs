using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Messages;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>Registers the services that submit, cancel and retry jobs.</summary>
internal static class SubmissionServiceCollectionExtensions
{
    private const string SubmitVideo = "/foregsyte.v1.JobService/SubmitVideo";

    /// <summary>Room in a SubmitVideo message for everything but the video, in bytes.</summary>
    private const int EnvelopeBytes = 64 << 10;

    public static void AddSubmission(this IServiceCollection services)
    {
        services.AddCheckedOptions<SubmitOptions>(SubmitOptions.Section)
            .Validate(
                options => options.AllowedRoots.All(Path.IsPathFullyQualified),
                "Submit:AllowedRoots must contain absolute paths only.");
        services.AddOptions<MessageSizeLimits>().Configure<IOptions<SubmitOptions>>((limits, submit) =>
            limits.Methods[SubmitVideo] = new MessageSizeLimit(
                submit.Value.MaxInlineBytes + EnvelopeBytes, VideoChecks.InlineAlternatives,
                "Submit:MaxInlineBytes"));
        services.AddSingleton<AllowedRoots>();
        services.AddSingleton<VideoChecks>();
        services.AddSingleton<PendingJobQuota>();
        services.AddHostedService(provider => provider.GetRequiredService<PendingJobQuota>());
        services.AddSingleton<UsageRefresh>();
        services.AddHostedService(provider => provider.GetRequiredService<UsageRefresh>());
        services.AddSingleton<TenantUsages>();
        services.AddHostedService(provider => provider.GetRequiredService<TenantUsages>());
        services.AddSingleton<VideoSubmitter>();
        services.AddSingleton<JobControl>();
    }
}
