using System.Text.Json;
using ForegSyte.Testing;
using k8s;
using k8s.Models;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>
/// The manifest in deploy/kubernetes parses strictly with the models of the Kubernetes API, and its probes use the
/// health ports. The tests do not run it in a cluster.
/// </summary>
public sealed class KubernetesManifestTests
{
    private static readonly Dictionary<string, Type> Kinds = new()
    {
        ["v1/Namespace"] = typeof(V1Namespace),
        ["v1/ServiceAccount"] = typeof(V1ServiceAccount),
        ["v1/Service"] = typeof(V1Service),
        ["apps/v1/StatefulSet"] = typeof(V1StatefulSet),
        ["networking.k8s.io/v1/NetworkPolicy"] = typeof(V1NetworkPolicy),
    };

    private static string Manifest => File.ReadAllText(
        Path.Combine(RepositoryFiles.Root, "deploy", "kubernetes", "foregsyte.yaml"));

    [Fact]
    public void Manifest_ParsesStrictly() => Assert.Equal(5, Read(Manifest).Count);

    [Fact]
    public void Manifest_UnknownField_IsFound() => Assert.ThrowsAny<Exception>(
        () => Read(Manifest.Replace("readinessProbe:", "readynessProbe:", StringComparison.Ordinal)));

    [Fact]
    public void Pod_HasOneReplicaAndTimeToStop()
    {
        var set = Read(Manifest).OfType<V1StatefulSet>().Single();
        var stop = new ForegSyte.Hosting.Stopping.StopOptions();
        Assert.Equal(1, set.Spec.Replicas);
        Assert.InRange(
            set.Spec.Template.Spec.TerminationGracePeriodSeconds ?? 0,
            (long)(stop.GraceTime + stop.CancelTime).TotalSeconds + 1,
            long.MaxValue);
    }

    [Fact]
    public void Inference_MemoryLimit_MatchesTheDefaults()
    {
        var container = Read(Manifest).OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers
            .Single(each => each.Name == "inference");
        DefaultMemory.Check((long)container.Resources.Limits["memory"].ToDecimal());
    }

    [Fact]
    public void Probes_UseTheHealthPorts()
    {
        var containers = Read(Manifest).OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers;
        Assert.Equal(2, containers.Count);
        Assert.All(containers, container =>
        {
            var port = int.Parse(
                container.Env.Single(variable => variable.Name == "FOREGSYTE_Listen__HealthPort").Value,
                System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(port, container.StartupProbe.Grpc.Port);
            Assert.Equal(port, container.ReadinessProbe.Grpc.Port);
            Assert.Contains(container.Ports, each => each.ContainerPort == port);
        });
    }

    [Fact]
    public void Inference_HasTheSandboxAndWhatItNeeds()
    {
        var container = Read(Manifest).OfType<V1StatefulSet>().Single().Spec.Template.Spec.Containers
            .Single(each => each.Name == "inference");
        Assert.Equal("Required", container.Env.Single(each => each.Name == "FOREGSYTE_Video__Sandbox").Value);
        Assert.Equal("Localhost", container.SecurityContext.SeccompProfile.Type);
        Assert.Equal("Unconfined", container.SecurityContext.AppArmorProfile.Type);

        var profile = Path.Combine(
            RepositoryFiles.Root, "deploy", "seccomp", container.SecurityContext.SeccompProfile.LocalhostProfile);
        using var json = JsonDocument.Parse(File.ReadAllText(profile));
        Assert.Equal("SCMP_ACT_ERRNO", json.RootElement.GetProperty("defaultAction").GetString());
        var calls = json.RootElement.GetProperty("syscalls").EnumerateArray()
            .SelectMany(rule => rule.GetProperty("names").EnumerateArray()).Select(name => name.GetString()).ToList();
        Assert.All(
            (string[])["clone", "unshare", "mount", "umount2", "pivot_root"], call => Assert.Contains(call, calls));
        Assert.Empty(calls.Intersect(
            (string[])
            [
                "bpf", "ptrace", "io_uring_setup", "userfaultfd", "keyctl", "perf_event_open", "init_module", "setns",
            ]));
    }

    [Fact]
    public void NetworkPolicy_LetsNothingOut()
    {
        var policy = Read(Manifest).OfType<V1NetworkPolicy>().Single().Spec;
        Assert.Equal(["Ingress", "Egress"], policy.PolicyTypes);
        Assert.Empty(policy.Egress ?? []);
    }

    private static List<object> Read(string manifest) =>
        KubernetesYaml.LoadAllFromString(manifest, Kinds, strict: true);
}
