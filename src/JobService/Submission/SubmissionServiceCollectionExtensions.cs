using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Messages;
using ForegSyte.Jobs.Submission.Sources;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Submission;

/// <summary>Adds the way from a submission to a durable job.</summary>
internal static class SubmissionServiceCollectionExtensions
{
    private const string SubmitVideo = "/foregsyte.v1.JobService/SubmitVideo";

    public static void AddSubmission(this IServiceCollection services)
    {
        services.AddCheckedOptions<SubmitOptions>(SubmitOptions.Section)
            .Validate(
                options => options.AllowedRoots.All(Path.IsPathFullyQualified),
                "Submit:AllowedRoots takes absolute paths only.");
        services.AddCheckedOptions<TenantOptions>(TenantOptions.Section);
        services.AddOptions<MessageSizeLimits>().Configure<IOptions<SubmitOptions>>((limits, submit) =>
            limits.Methods[SubmitVideo] = new MessageSizeLimit(
                submit.Value.MaxInlineBytes + InlineLimit.EnvelopeBytes, InlineLimit.OtherWay,
                "Submit:MaxInlineBytes"));
        services.AddSingleton<AllowedRoots>();
        services.AddSingleton<VideoChecks>();
        services.AddSingleton<VideoSources>();
        services.AddSingleton<PendingJobQuota>();
        services.AddSingleton<VideoSubmitter>();
        services.AddSingleton<JobControl>();
    }
}
