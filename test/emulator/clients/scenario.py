"""Calls every action that the emulator has, in an order in which each succeeds.

Used with a client of the emulator and with one of moto, so that the answers can be laid side by side.
"""

import time

from botocore.exceptions import ClientError

ZONE = "us-east-1a"
TYPE = "m5.large"


def run(ec2, image):
    """Answers by action: the parsed response, or the error's code."""
    said = {}

    def call(action, method, **parameters):
        try:
            answer = getattr(ec2, method)(**parameters)
            answer.pop("ResponseMetadata", None)
            said.setdefault(action, answer)
            return answer
        except ClientError as error:
            said.setdefault(action, {"error": error.response["Error"]["Code"], "text": str(error)})
        except Exception as error:  # moto has not everything
            said.setdefault(action, {"error": type(error).__name__, "text": str(error)})
        return {}

    nets(call)
    vpc = said["CreateVpc"]["Vpc"]["VpcId"]
    subnet = said["CreateSubnet"]["Subnet"]["SubnetId"]
    groups(call, vpc)
    group = said["CreateSecurityGroup"]["GroupId"]
    routes(call, vpc, subnet)
    instance = instances(call, ec2, image, subnet)
    nics(call, ec2, subnet, group, instance)
    looks(call, vpc)
    endings(call, said, instance)
    return said


def nets(call):
    vpc = call("CreateVpc", "create_vpc", CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True,
               TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "check"}]}])
    vpc_id = vpc["Vpc"]["VpcId"]
    found = call("DescribeVpcs", "describe_vpcs", VpcIds=[vpc_id])
    range6 = found["Vpcs"][0]["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    more = call("AssociateVpcCidrBlock", "associate_vpc_cidr_block", VpcId=vpc_id, CidrBlock="10.10.0.0/16")
    call("DisassociateVpcCidrBlock", "disassociate_vpc_cidr_block",
         AssociationId=more["CidrBlockAssociation"]["AssociationId"])
    v6 = range6.replace("::/56", "::/64")
    subnet = call("CreateSubnet", "create_subnet", VpcId=vpc_id, CidrBlock="10.9.1.0/24", AvailabilityZone=ZONE)
    subnet_id = subnet["Subnet"]["SubnetId"]
    call("AssociateSubnetCidrBlock", "associate_subnet_cidr_block", SubnetId=subnet_id, Ipv6CidrBlock=v6)
    call("ModifySubnetAttribute", "modify_subnet_attribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": False})
    kept = call("CreateSubnetCidrReservation", "create_subnet_cidr_reservation", SubnetId=subnet_id,
                Cidr="10.9.1.128/26", ReservationType="prefix", Description="for prefixes")
    call("GetSubnetCidrReservations", "get_subnet_cidr_reservations", SubnetId=subnet_id)
    reservation = kept.get("SubnetCidrReservation", {}).get("SubnetCidrReservationId", "scr-00000000000000000")
    call("DeleteSubnetCidrReservation", "delete_subnet_cidr_reservation", SubnetCidrReservationId=reservation)
    gateway = call("CreateInternetGateway", "create_internet_gateway")["InternetGateway"]["InternetGatewayId"]
    call("AttachInternetGateway", "attach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc_id)
    call("DescribeInternetGateways", "describe_internet_gateways", InternetGatewayIds=[gateway])


def groups(call, vpc):
    made = call("CreateSecurityGroup", "create_security_group", GroupName="check", Description="a check", VpcId=vpc)
    group = made["GroupId"]
    web = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81,
           "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    own = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    call("AuthorizeSecurityGroupIngress", "authorize_security_group_ingress", GroupId=group, IpPermissions=[web, own])
    call("AuthorizeSecurityGroupEgress", "authorize_security_group_egress", GroupId=group, IpPermissions=[web])
    call("DescribeSecurityGroups", "describe_security_groups", GroupIds=[group])
    call("DescribeSecurityGroupRules", "describe_security_group_rules",
         Filters=[{"Name": "group-id", "Values": [group]}])
    call("RevokeSecurityGroupIngress", "revoke_security_group_ingress", GroupId=group, IpPermissions=[web])
    call("RevokeSecurityGroupEgress", "revoke_security_group_egress", GroupId=group, IpPermissions=[web])


def routes(call, vpc, subnet):
    found = call("DescribeInternetGateways", "describe_internet_gateways",
                 Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}])
    gateway = found["InternetGateways"][0]["InternetGatewayId"]
    table = call("CreateRouteTable", "create_route_table", VpcId=vpc)["RouteTable"]["RouteTableId"]
    to = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    call("CreateRoute", "create_route", **to, GatewayId=gateway)
    tied = call("AssociateRouteTable", "associate_route_table", RouteTableId=table, SubnetId=subnet)["AssociationId"]
    call("DescribeRouteTables", "describe_route_tables", RouteTableIds=[table])
    nat = call("CreateNatGateway", "create_nat_gateway", SubnetId=subnet,
               AllocationId="eipalloc-00000000000000000")
    call("DescribeNatGateways", "describe_nat_gateways", Filter=[{"Name": "vpc-id", "Values": [vpc]}])
    nat_id = nat.get("NatGateway", {}).get("NatGatewayId", "nat-00000000000000000")
    call("ReplaceRoute", "replace_route", **to, NatGatewayId=nat_id)
    call("DeleteRoute", "delete_route", **to)
    call("DeleteNatGateway", "delete_nat_gateway", NatGatewayId=nat_id)
    again = call("ReplaceRouteTableAssociation", "replace_route_table_association", AssociationId=tied,
                 RouteTableId=table)
    call("DisassociateRouteTable", "disassociate_route_table", AssociationId=again.get("NewAssociationId", tied))
    call("DeleteRouteTable", "delete_route_table", RouteTableId=table)


def instances(call, ec2, image, subnet):
    ran = call("RunInstances", "run_instances", ImageId=image, InstanceType=TYPE, MinCount=1, MaxCount=1,
               SubnetId=subnet, TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}])
    instance = ran["Instances"][0]["InstanceId"]
    for _ in range(100):
        found = ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]
        if found["State"]["Name"] == "running":
            break
        time.sleep(0.05)
    call("DescribeInstances", "describe_instances", InstanceIds=[instance])
    call("DescribeInstanceStatus", "describe_instance_status", InstanceIds=[instance])
    call("ModifyInstanceMetadataOptions", "modify_instance_metadata_options", InstanceId=instance,
         HttpTokens="required", HttpPutResponseHopLimit=2)
    return instance


def trunks(call, ec2, subnet, instance):
    """A branch NIC on a trunk, which the instance's type must allow."""
    made = lambda kind: ec2.create_network_interface(SubnetId=subnet, InterfaceType=kind)["NetworkInterface"]["NetworkInterfaceId"]
    trunk, branch = made("trunk"), made("branch")
    plugged = ec2.attach_network_interface(NetworkInterfaceId=trunk, InstanceId=instance, DeviceIndex=2)
    tied = call("AssociateTrunkInterface", "associate_trunk_interface",
                TrunkInterfaceId=trunk, BranchInterfaceId=branch, VlanId=7, ClientToken=branch)
    one = tied.get("InterfaceAssociation", {}).get("AssociationId", "trunk-assoc-00000000000000000")
    call("DescribeTrunkInterfaceAssociations", "describe_trunk_interface_associations", AssociationIds=[one])
    call("DisassociateTrunkInterface", "disassociate_trunk_interface", AssociationId=one, ClientToken=branch)
    ec2.delete_network_interface(NetworkInterfaceId=branch)
    ec2.detach_network_interface(AttachmentId=plugged["AttachmentId"])
    until_available(ec2, trunk)
    ec2.delete_network_interface(NetworkInterfaceId=trunk)


def until_available(ec2, nic):
    for _ in range(100):
        now = ec2.describe_network_interfaces(NetworkInterfaceIds=[nic])["NetworkInterfaces"][0]
        if now["Status"] == "available":
            return
        time.sleep(0.05)


def nics(call, ec2, subnet, group, instance):
    made = call("CreateNetworkInterface", "create_network_interface", SubnetId=subnet, Groups=[group],
                Description="check", SecondaryPrivateIpAddressCount=2,
                TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": "k", "Value": "v & <w>"}]}])
    nic = made["NetworkInterface"]["NetworkInterfaceId"]
    one = {"NetworkInterfaceId": nic}
    tied = call("AttachNetworkInterface", "attach_network_interface", **one, InstanceId=instance, DeviceIndex=1)
    attachment = tied["AttachmentId"]
    call("ModifyNetworkInterfaceAttribute", "modify_network_interface_attribute", **one,
         Attachment={"AttachmentId": attachment, "DeleteOnTermination": True})
    given = call("AssignPrivateIpAddresses", "assign_private_ip_addresses", **one, SecondaryPrivateIpAddressCount=2)
    call("AssignIpv6Addresses", "assign_ipv6_addresses", **one, Ipv6AddressCount=2)
    call("CreateTags", "create_tags", Resources=[nic], Tags=[{"Key": "x", "Value": "y"}])
    found = call("DescribeNetworkInterfaces", "describe_network_interfaces", NetworkInterfaceIds=[nic])
    call("DescribeTags", "describe_tags", Filters=[{"Name": "resource-id", "Values": [nic]}])
    call("DeleteTags", "delete_tags", Resources=[nic], Tags=[{"Key": "x"}])
    address = (given.get("AssignedPrivateIpAddresses") or [{}])[0].get("PrivateIpAddress", "10.9.1.10")
    call("UnassignPrivateIpAddresses", "unassign_private_ip_addresses", **one, PrivateIpAddresses=[address])
    six = [it["Ipv6Address"] for it in found["NetworkInterfaces"][0]["Ipv6Addresses"]]
    call("UnassignIpv6Addresses", "unassign_ipv6_addresses", **one, Ipv6Addresses=six[:1])
    trunks(call, ec2, subnet, instance)
    call("DetachNetworkInterface", "detach_network_interface", AttachmentId=attachment)
    until_available(ec2, nic)
    call("DeleteNetworkInterface", "delete_network_interface", **one)


def looks(call, vpc):
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    call("DescribeSubnets", "describe_subnets", Filters=mine)
    call("DescribeAvailabilityZones", "describe_availability_zones", ZoneNames=[ZONE])
    call("DescribeRegions", "describe_regions", RegionNames=["us-east-1"])
    call("DescribeInstanceTypes", "describe_instance_types", InstanceTypes=[TYPE])


def endings(call, said, instance):
    gateway = said["CreateInternetGateway"]["InternetGateway"]["InternetGatewayId"]
    vpc = said["CreateVpc"]["Vpc"]["VpcId"]
    call("TerminateInstances", "terminate_instances", InstanceIds=[instance])
    time.sleep(0.1)
    call("DeleteSecurityGroup", "delete_security_group", GroupId=said["CreateSecurityGroup"]["GroupId"])
    call("DeleteSubnet", "delete_subnet", SubnetId=said["CreateSubnet"]["Subnet"]["SubnetId"])
    call("DetachInternetGateway", "detach_internet_gateway", InternetGatewayId=gateway, VpcId=vpc)
    call("DeleteInternetGateway", "delete_internet_gateway", InternetGatewayId=gateway)
    call("DeleteVpc", "delete_vpc", VpcId=vpc)
