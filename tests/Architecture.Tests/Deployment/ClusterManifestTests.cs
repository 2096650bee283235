using System.Globalization;
using ForegSyte.Hosting.Stopping;
using ForegSyte.Protocol.Text;
using ForegSyte.Testing;
using k8s;
using k8s.Models;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>
/// The manifest of a cluster parses strictly with the models of the Kubernetes API, and its parts refer to each other.
/// The tests do not run it in a cluster.
/// </summary>
public sealed class ClusterManifestTests
{
    private static readonly Dictionary<string, Type> Kinds = new()
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["apps/v1/StatefulSet"] = typeof(V1StatefulSet),
        ["apps/v1/Deployment"] = typeof(V1Deployment),
        ["policy/v1/PodDisruptionBudget"] = typeof(V1PodDisruptionBudget),
        ["autoscaling/v2/HorizontalPodAutoscaler"] = typeof(V2HorizontalPodAutoscaler),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
    };

    private static readonly string Text = File.ReadAllText(
        Path.Combine(RepositoryFiles.Root, "deploy", "kubernetes", "cluster.yaml"));

    private static readonly List<object> Objects = Read(Text);

    private static V1StatefulSet Nodes => Objects.OfType<V1StatefulSet>().Single();

    private static V1Deployment Inference => Objects.OfType<V1Deployment>().Single();

    [Fact]
    public void Manifest_UnknownField_IsFound() => Assert.ThrowsAny<Exception>(
        () => Read(Text.Replace("maxUnavailable:", "maxUnavailble:", StringComparison.Ordinal)));

    [Fact]
    public void Objects_AreAllInTheNamespace()
    {
        var name = Objects.OfType<V1Namespace>().Single().Metadata.Name;
        Assert.All(
            Objects.OfType<IMetadata<V1ObjectMeta>>().Where(each => each is not V1Namespace),
            each => Assert.Equal(name, each.Metadata.NamespaceProperty));
    }

    [Theory]
    [InlineData("jobservice")]
    [InlineData("inference")]
    public void Pods_StopInTime_AndAreProbedOnTheirHealthPort(string name)
    {
        var pod = PodOf(name).Spec;
        var stop = new StopOptions();
        Assert.InRange(
            pod.TerminationGracePeriodSeconds ?? 0, (long)(stop.GraceTime + stop.CancelTime).TotalSeconds + 1,
            long.MaxValue);
        var container = pod.Containers.Single();
        var port = int.Parse(Setting(container, "Listen__HealthPort"), CultureInfo.InvariantCulture);
        Assert.Equal(port, container.StartupProbe.Grpc.Port);
        Assert.Equal(port, container.ReadinessProbe.Grpc.Port);
        Assert.Contains(container.Ports, each => each.ContainerPort == port);
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem, "The root file system is writable.");
    }

    [Theory]
    [InlineData("jobservice")]
    [InlineData("inference")]
    public void Pods_HaveADisruptionBudgetAnAutoscalerAndAPolicy(string name)
    {
        var labels = PodOf(name).Metadata.Labels;
        Assert.Equal(
            labels, Objects.OfType<V1PodDisruptionBudget>().Single(each => each.Metadata.Name == name)
                .Spec.Selector.MatchLabels);
        Assert.Equal(
            labels, Objects.OfType<V1NetworkPolicy>().Single(each => each.Metadata.Name == name)
                .Spec.PodSelector.MatchLabels);
        var target = Objects.OfType<V2HorizontalPodAutoscaler>().Single(each => each.Metadata.Name == name)
            .Spec.ScaleTargetRef;
        Assert.Equal((name == "jobservice" ? "StatefulSet" : "Deployment", name), (target.Kind, target.Name));
    }

    [Fact]
    public void Node_HasAnAddressOfItsOwnBehindAHeadlessService()
    {
        var container = Nodes.Spec.Template.Spec.Containers.Single();
        var service = Objects.OfType<V1Service>().Single(each => each.Metadata.Name == Nodes.Spec.ServiceName);
        Assert.Equal("None", service.Spec.ClusterIP);
        Assert.Equal("$(POD_NAME)", Setting(container, "Node__Name"));
        Assert.Equal(
            $"http://$(POD_NAME).{service.Metadata.Name}:{Setting(container, "Listen__Port")}",
            Setting(container, "Node__Address"));

        // Kubernetes expands only variables that come before.
        Assert.Equal("POD_NAME", container.Env[0].Name);
    }

    [Fact]
    public void Inference_IsFoundBehindAHeadlessService()
    {
        var address = new Uri(Setting(Nodes.Spec.Template.Spec.Containers.Single(), "Inference__Addresses__0"));
        var service = Objects.OfType<V1Service>().Single(each => each.Metadata.Name == address.Host);
        Assert.Equal(("None", address.Port), (service.Spec.ClusterIP, service.Spec.Ports.Single().Port));
        Assert.Equal(PodOf("inference").Metadata.Labels, service.Spec.Selector);
    }

    [Fact]
    public void Inference_HasTheMemoryAndTheSandboxOfTheDefaults()
    {
        var container = Inference.Spec.Template.Spec.Containers.Single();
        DefaultMemory.Check((long)container.Resources.Limits["memory"].ToDecimal());
        Assert.Equal("Required", Setting(container, "Video__Sandbox"));
        Assert.Equal("Localhost", container.SecurityContext.SeccompProfile.Type);
    }

    [Fact]
    public void Inference_TheVolumeOfTheCacheIsLargerThanTheCache()
    {
        var pod = Inference.Spec.Template.Spec;
        var container = pod.Containers.Single();
        var folder = Setting(container, "Video__CacheDirectory");
        var mount = container.VolumeMounts.Single(each => each.MountPath == folder);
        var volume = pod.Volumes.Single(each => each.Name == mount.Name);
        Assert.True(SizeText.TryParse(Setting(container, "Video__CacheBytes"), out var bytes), "This is not a size.");
        Assert.InRange(bytes, 1, ((long)volume.EmptyDir.SizeLimit.ToDecimal()) - 1);
    }

    [Fact]
    public void Inference_WithoutCredentials_IsReachedByJobServicesOnly()
    {
        Assert.Equal("true", Setting(Inference.Spec.Template.Spec.Containers.Single(), "Security__AllowAnonymous"));
        var rule = Objects.OfType<V1NetworkPolicy>().Single(each => each.Metadata.Name == "inference")
            .Spec.Ingress.Single(each => each.Ports.Any(port => port.Port.Value == "5201"));
        Assert.Equal(PodOf("jobservice").Metadata.Labels, Assert.Single(rule.FromProperty).PodSelector.MatchLabels);
        Assert.DoesNotContain(
            PodOf("jobservice").Spec.Containers.Single().Env,
            each => each.Name == "FOREGSYTE_Security__AllowAnonymous");
    }

    private static V1PodTemplateSpec PodOf(string name) =>
        name == "jobservice" ? Nodes.Spec.Template : Inference.Spec.Template;

    private static string Setting(V1Container container, string name) =>
        container.Env.Single(each => each.Name == $"FOREGSYTE_{name}").Value;

    private static List<object> Read(string manifest) =>
        KubernetesYaml.LoadAllFromString(manifest, Kinds, strict: true);
}
